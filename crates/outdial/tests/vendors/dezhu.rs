//! An independent client for Dezhu's API.

use std::fs;
use std::process::Command;

use crate::harness::{Config, Server, Work};
use crate::script;

const APP_ID: &str = "99845aaaaebd4d61acccc9b776208f12";

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_made_edited_run_and_closed() {
    let work = Work::new("dezhu");
    let key = work.path("private.pem");
    let openssl = |arguments: &[&str]| {
        let done = Command::new("openssl").args(arguments).output();
        let done = done.expect("the command openssl; on Debian: apt-get install openssl");
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
        String::from_utf8(done.stdout).unwrap()
    };
    let private = key.display().to_string();
    openssl(&["genrsa", "-out", &private, "2048"]);
    assert!(fs::metadata(&key).is_ok_and(|file| file.len() > 0));
    let public = openssl(&["rsa", "-in", &private, "-pubout"]);
    let tenant = format!(
        "caller_ids = [\"075586013388\", \"4008013260\"]\n\
         [tenant.dezhu]\napp_id = \"{APP_ID}\"\npublic_key = \"\"\"\n{public}\"\"\"\n\
         [[tenant.number_group]]\nid = \"1070678044124225\"\ncaller_ids = [\"075586013388\"]"
    );
    let config = Config::new().carrier("sip:127.0.0.1:9").tenant(&tenant);
    let server = Server::start(&work, &config).await;
    let arguments = [
        ("--base", format!("http://127.0.0.1:{}", server.http)),
        ("--app-id", APP_ID.to_owned()),
        ("--key", private),
        ("--skill-set", "255".to_owned()),
        ("--number-group", "1070678044124225".to_owned()),
    ];
    let arguments: Vec<String> = arguments
        .into_iter()
        .flat_map(|(name, value)| [name.to_owned(), value])
        .collect();
    script::run_with("dezhu_client.py", &arguments, &work).await;
}
