//! A row of named steps: progress while they run, then what each found and how long it took.

use std::time::{Duration, Instant};

use crate::fault::Fault;

/// Runs steps one after another. A failing one does not stop the rest: one run tells everything.
#[derive(Default)]
pub(crate) struct Steps {
    done: Vec<Step>,
}

struct Step {
    name: String,
    took: Duration,
    /// A few words for the summary, or what was wrong.
    result: Result<String, String>,
}

impl Steps {
    /// Runs one step, whose words about success stand in the summary.
    pub(crate) fn run(&mut self, name: &str, step: impl FnOnce() -> Result<String, Fault>) {
        println!("==> {name}");
        let started = Instant::now();
        let result = step().map_err(|fault| fault.to_string());
        if let Err(problem) = &result {
            println!("{problem}");
        }
        self.done.push(Step {
            name: name.to_owned(),
            took: started.elapsed(),
            result,
        });
    }

    /// Prints the summary.
    ///
    /// # Errors
    /// [`Fault::Refused`] naming the steps that failed.
    pub(crate) fn close(self) -> Result<(), Fault> {
        println!("\n{}", self.summary());
        let failed: Vec<_> = self
            .done
            .iter()
            .filter(|step| step.result.is_err())
            .map(|step| step.name.as_str())
            .collect();
        if failed.is_empty() {
            Ok(())
        } else {
            Err(Fault::Refused(format!("failed: {}", failed.join(", "))))
        }
    }

    fn summary(&self) -> String {
        let width = self
            .done
            .iter()
            .map(|step| step.name.len())
            .max()
            .unwrap_or(0);
        let mut text = String::new();
        for Step { name, took, result } in &self.done {
            let (mark, words) = match result {
                Ok(words) => ("ok  ", words.as_str()),
                Err(_) => ("FAIL", "see above"),
            };
            let took = readable(*took);
            text.push_str(&format!("{mark}  {name:width$}  {took:>12}  {words}\n"));
        }
        text
    }
}

/// A duration in the unit a person would choose.
pub(crate) fn readable(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{} ms", duration.as_millis()),
        1..60 => format!("{:.1} s", duration.as_secs_f64()),
        _ => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_step_does_not_hide_the_later_ones() {
        let mut steps = Steps::default();
        steps.run("first", || Err(Fault::Refused("no".into())));
        steps.run("second", || Ok("3 files".into()));
        let summary = steps.summary();
        assert!(summary.contains("FAIL  first"), "{summary}");
        assert!(summary.contains("ok    second"), "{summary}");
        assert!(summary.contains("3 files"), "{summary}");
        assert_eq!(steps.close().unwrap_err().to_string(), "failed: first");
    }

    #[test]
    fn steps_that_all_succeed_close_well() {
        let mut steps = Steps::default();
        steps.run("only", || Ok(String::new()));
        assert!(steps.close().is_ok());
    }

    #[test]
    fn durations_are_told_in_the_unit_a_person_would_choose() {
        assert_eq!(readable(Duration::from_millis(850)), "850 ms");
        assert_eq!(readable(Duration::from_millis(12_340)), "12.3 s");
        assert_eq!(readable(Duration::from_secs(192)), "3 min 12 s");
    }
}
