//! A mail server that does what real ones do on bad days. It speaks plain SMTP on loopback, a thread for each connection.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::letters::ReadLetter;

/// What goes wrong.
#[derive(Clone, PartialEq, Eq)]
pub enum Trouble {
    None,
    /// This answer to this command: `connect`, `MAIL`, `RCPT`, `DATA`, or `end` of the letter.
    Says(&'static str, &'static str),
    /// The connection ends here, without an answer.
    Drops(&'static str),
    /// No answer, and no end, until the client goes.
    Hangs(&'static str),
    /// The good answer, but only after so long.
    Slow(&'static str, Duration),
    /// The letter is taken and the connection ends without an answer.
    TakesAndDrops,
    /// This answer to every letter to this recipient.
    Refuses(&'static str, &'static str),
    /// This process gets SIGKILL so long after it was told that so many letters, of all, are kept. Once.
    Kills {
        process: Pid,
        after: usize,
        wait: Duration,
    },
}

/// A letter that was taken.
#[derive(Clone)]
pub struct Taken {
    pub from: String,
    pub to: Vec<String>,
    /// As it came over the wire, dots stuffed.
    pub wire: String,
}

impl Taken {
    /// Its Message-ID, without reading the rest.
    pub fn message_id(&self) -> &str {
        self.wire.lines().find_map(|line| line.strip_prefix("Message-ID: ")).expect("it has one")
    }

    /// As people read it.
    pub fn letter(&self) -> ReadLetter {
        let lines = self.wire.split("\r\n").map(|line| line.strip_prefix('.').unwrap_or(line));
        ReadLetter::parse(&lines.collect::<Vec<_>>().join("\r\n"))
    }
}

struct State {
    trouble: Trouble,
    taken: Vec<Taken>,
    commands: Vec<String>,
}

/// It runs until the test ends.
#[derive(Clone)]
pub struct MailServer {
    pub port: u16,
    state: Arc<Mutex<State>>,
}

impl MailServer {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State { trouble: Trouble::None, taken: Vec::new(), commands: Vec::new() }));
        let server = Self { port, state };
        let serving = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = serving.clone();
                thread::spawn(move || server.serve(stream).unwrap_or_default());
            }
        });
        server
    }

    /// The settings of a server that sends by this one.
    pub fn settings(&self) -> Value {
        json!({
            "smtp_host": "127.0.0.1", "smtp_port": self.port, "smtp_tls": "none", "smtp_timeout_seconds": 1,
            "mail_from": "sso@doorward.example",
        })
    }

    pub fn set(&self, trouble: Trouble) {
        self.state.lock().unwrap().trouble = trouble;
    }

    /// The letters that were taken, the oldest first.
    pub fn taken(&self) -> Vec<Taken> {
        self.state.lock().unwrap().taken.clone()
    }

    /// Every command that came.
    pub fn commands(&self) -> Vec<String> {
        self.state.lock().unwrap().commands.clone()
    }

    fn trouble(&self) -> Trouble {
        self.state.lock().unwrap().trouble.clone()
    }

    /// The answer at this point; `None` ends the connection.
    fn answer(&self, at: &str, good: &'static str, input: &mut impl BufRead) -> Option<&'static str> {
        match self.trouble() {
            Trouble::Says(place, says) if place == at => Some(says),
            Trouble::Drops(place) if place == at => None,
            Trouble::Slow(place, wait) if place == at => {
                thread::sleep(wait);
                Some(good)
            }
            Trouble::Hangs(place) if place == at => {
                let _ = input.read_line(&mut String::new()); // nothing comes but the end
                None
            }
            _ => Some(good),
        }
    }

    fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        let (mut input, mut output) = (BufReader::new(stream.try_clone()?), stream);
        let Some(greeting) = self.answer("connect", "220 mail.example", &mut input) else { return Ok(()) };
        say(&mut output, greeting)?;
        let (mut from, mut to) = (String::new(), Vec::new());
        loop {
            let mut line = String::new();
            if input.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let line = line.trim_end().to_owned();
            self.state.lock().unwrap().commands.push(line.clone());
            let (verb, rest) = line.split_once([' ', ':']).unwrap_or((&line, ""));
            let answer = match verb {
                "EHLO" => Some("250-mail.example\r\n250-8BITMIME\r\n250 SMTPUTF8"),
                "MAIL" => {
                    from = rest.to_owned();
                    self.answer("MAIL", "250 ok", &mut input)
                }
                "RCPT" => {
                    to.push(rest.trim_start_matches("TO:").trim_matches(['<', '>']).to_owned());
                    match self.trouble() {
                        Trouble::Refuses(who, says) if to.last().is_some_and(|to| to == who) => Some(says),
                        _ => self.answer("RCPT", "250 ok", &mut input),
                    }
                }
                "DATA" => match self.answer("DATA", "354 go on", &mut input) {
                    Some(go) if go.starts_with("354") => {
                        say(&mut output, go)?;
                        let taken =
                            Taken { from: from.clone(), to: std::mem::take(&mut to), wire: letter(&mut input)? };
                        self.end(taken, &mut input)
                    }
                    other => other,
                },
                "QUIT" => Some("221 bye"),
                _ => Some("502 what?"),
            };
            let Some(answer) = answer else { return Ok(()) };
            say(&mut output, answer)?;
            self.kill();
        }
    }

    fn kill(&self) {
        let mut state = self.state.lock().unwrap();
        let Trouble::Kills { process, after, wait } = state.trouble else { return };
        if state.taken.len() < after {
            return;
        }
        state.trouble = Trouble::None;
        drop(state);
        thread::sleep(wait);
        kill_process(process, Signal::KILL).expect("it lives, or is not waited for yet");
    }

    fn end(&self, taken: Taken, input: &mut impl BufRead) -> Option<&'static str> {
        if self.trouble() == Trouble::TakesAndDrops {
            self.state.lock().unwrap().taken.push(taken);
            return None;
        }
        let answer = self.answer("end", "250 kept", input)?;
        if answer.starts_with("250") {
            self.state.lock().unwrap().taken.push(taken);
        }
        Some(answer)
    }
}

/// A line in one packet: of two the second would wait for the first's acknowledgement.
fn say(output: &mut TcpStream, line: &str) -> std::io::Result<()> {
    output.write_all(format!("{line}\r\n").as_bytes())
}

/// Up to the lone dot.
fn letter(input: &mut impl BufRead) -> std::io::Result<String> {
    let mut text = String::new();
    loop {
        let start = text.len();
        if input.read_line(&mut text)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if &text[start..] == ".\r\n" {
            text.truncate(start);
            return Ok(text);
        }
    }
}
