//! `outdial pacer`: the policy of predictive campaigns as a process, for judges of pacers.
//!
//! One JSON object a line, in and out; a process lasts one shift, whose time is told by its steps.

use std::io::{BufRead, Write};

use outdial_sim::yardstick::{Event, Policy as _, Predictive, Result as CallResult, Step, Tally};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// The protocol's version.
const PROTOCOL: u32 = 1;

/// Longest line in bytes: steps of thousands of agents fit.
const LINE_MAX: usize = 4 << 20;

/// A line of the judge. What is not needed is not read.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Line {
    Init(Init),
    Step(Box<StepLine>),
    End {},
}

#[derive(Debug, Deserialize)]
struct Init {
    proto: u32,
    /// Most abandoned of all live answers, between 0 and 1.
    cap: f64,
    /// Seconds.
    patience: f64,
}

/// Times and ages in seconds.
#[derive(Debug, Deserialize)]
struct StepLine {
    t: f64,
    #[serde(default)]
    events: Vec<EventLine>,
    agents: u32,
    idle: u32,
    free_lines: u32,
    #[serde(default)]
    ringing: Vec<f64>,
    #[serde(default)]
    waiting: Vec<f64>,
    #[serde(default)]
    talking: Vec<f64>,
    #[serde(default)]
    wrapping: Vec<f64>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(tag = "e", rename_all = "snake_case")]
enum EventLine {
    Live { ring: f64 },
    NoAnswer { ring: f64 },
    Busy { ring: f64 },
    Invalid { ring: f64 },
    Connected { wait: f64 },
    Abandoned,
    TalkEnd { talk: f64 },
    AgentFree { wrap: f64 },
}

#[derive(Debug, Serialize)]
struct Answer {
    launch: u32,
}

impl From<EventLine> for Event {
    fn from(line: EventLine) -> Self {
        let not_answered = |result, rang| Self::NotAnswered { result, rang };
        match line {
            EventLine::Live { ring } => Self::Live { rang: ring },
            EventLine::NoAnswer { ring } => not_answered(CallResult::NoAnswer, ring),
            EventLine::Busy { ring } => not_answered(CallResult::Busy, ring),
            EventLine::Invalid { ring } => not_answered(CallResult::Invalid, ring),
            EventLine::Connected { wait } => Self::Connected { waited: wait },
            EventLine::Abandoned => Self::Abandoned,
            EventLine::TalkEnd { talk } => Self::TalkEnded { talked: talk },
            EventLine::AgentFree { wrap } => Self::AgentFree { wrapped_up: wrap },
        }
    }
}

/// Runs until the judge ends the shift, or its output.
pub(crate) fn run() -> Result<(), Failure> {
    pace(std::io::stdin().lock(), std::io::stdout().lock())
}

fn pace(mut judge: impl BufRead, mut answers: impl Write) -> Result<(), Failure> {
    let mut policy = None;
    let mut text = String::new();
    for number in 1_u64.. {
        text.clear();
        let mut limited = std::io::Read::take(&mut judge, LINE_MAX as u64);
        let read = limited.read_line(&mut text);
        let wrong = |problem: &dyn std::fmt::Display, remedy: &str| {
            Failure::failed(format!("line {number}: {problem}\n  remedy: {remedy}"))
        };
        match read {
            Ok(0) => return Ok(()),
            Ok(LINE_MAX) => return Err(wrong(&"is longer than 4 MiB", "send shorter steps")),
            Ok(_) => {}
            Err(error) => return Err(wrong(&error, "send lines of UTF-8")),
        }
        let line = serde_json::from_str(&text)
            .map_err(|error| wrong(&error, "send one JSON object a line: init, step or end"))?;
        match (line, &mut policy) {
            (Line::Init(init), None) => {
                let problem = init.problem();
                if let Some((problem, remedy)) = problem {
                    return Err(wrong(&problem, remedy));
                }
                policy = Some(Predictive::new(init.cap, init.patience));
            }
            (Line::Init(_), Some(_)) => {
                return Err(wrong(
                    &"`init` came twice",
                    "start one process for each shift",
                ));
            }
            (Line::Step(_), None) => {
                return Err(wrong(&"`step` came before `init`", "send `init` first"));
            }
            (Line::Step(step), Some(policy)) => {
                let launch = step.launch(policy);
                if answer(&mut answers, &Answer { launch }).is_err() {
                    // Nobody listens any more.
                    return Ok(());
                }
            }
            (Line::End {}, _) => return Ok(()),
        }
    }
    Ok(())
}

impl Init {
    fn problem(&self) -> Option<(&'static str, &'static str)> {
        if self.proto != PROTOCOL {
            return Some(("`proto` is another version", "send 1"));
        }
        if !(0.0..=1.0).contains(&self.cap) {
            return Some(("`cap` is no share", "send a number from 0 to 1"));
        }
        if !(0.0..=60.0).contains(&self.patience) {
            return Some(("`patience` is out of range", "send seconds from 0 to 60"));
        }
        None
    }
}

impl StepLine {
    fn launch(&self, policy: &mut Predictive) -> u32 {
        let events: Vec<Event> = self.events.iter().map(|&event| event.into()).collect();
        policy.launch(&Step {
            time: self.t,
            events: &events,
            agents: self.agents,
            idle: self.idle,
            free_lines: self.free_lines,
            ringing: &self.ringing,
            waiting: &self.waiting,
            talking: &self.talking,
            wrapping: &self.wrapping,
            tally: Tally::default(),
        })
    }
}

fn answer(answers: &mut impl Write, answer: &Answer) -> std::io::Result<()> {
    serde_json::to_writer(&mut *answers, answer)?;
    answers.write_all(b"\n")?;
    answers.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    const INIT: &str = r#"{"type":"init","proto":1,"agents":10,"lines":70,"cap":0.03,"patience":2,"ring_timeout":30,"tick":0.5,"shift":28800,"run":1}"#;
    const STEP: &str = r#"{"type":"step","t":12.5,"tick":true,"events":[{"e":"live","ring":9.1},{"e":"connected","wait":0}],"agents":10,"idle":3,"free_lines":55,"launched":21,"live":7,"abandoned":0,"ringing":[3.2,0.5],"waiting":[],"talking":[8.1],"wrapping":[1.0]}"#;
    const END: &str = r#"{"type":"end","occupancy":0.81,"abandonment":0.028,"live":1900,"abandoned":53,"launched":6300}"#;

    fn played(lines: &[&str]) -> Result<String, Failure> {
        let mut answers = Vec::new();
        pace(lines.join("\n").as_bytes(), &mut answers)?;
        Ok(String::from_utf8(answers).unwrap())
    }

    fn refused(lines: &[&str]) -> String {
        match played(lines) {
            Err(Failure::Failed(message)) => message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_documented_lines_are_answered() {
        let answers = played(&[INIT, STEP, STEP, END]).unwrap();
        assert_eq!(answers.lines().count(), 2);
        assert!(answers.starts_with("{\"launch\":"), "{answers}");
    }

    #[test]
    fn idle_agents_get_calls_and_no_more_than_there_are_lines() {
        let step = r#"{"type":"step","t":0,"agents":10,"idle":10,"free_lines":4}"#;
        assert_eq!(played(&[INIT, step]).unwrap(), "{\"launch\":4}\n");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        assert!(refused(&[INIT, "{"]).starts_with("line 2: "));
        assert!(refused(&[STEP]).contains("before `init`"));
        assert!(refused(&[INIT, INIT]).contains("twice"));
        assert!(refused(&[&INIT.replace("0.03", "3")]).contains("`cap`"));
        assert!(refused(&[&INIT.replace("\"proto\":1", "\"proto\":2")]).contains("`proto`"));
        assert!(refused(&[INIT, &STEP.replace("\"idle\":3", "\"idle\":-3")]).contains("line 2"));
    }

    #[test]
    fn senseless_times_do_no_harm() {
        for time in ["-1e300", "1e300", "0"] {
            let step = STEP
                .replace("12.5", time)
                .replace("9.1", "-1e9")
                .replace("8.1", "1e300");
            assert_eq!(played(&[INIT, &step, &step]).unwrap().lines().count(), 2);
        }
    }
}
