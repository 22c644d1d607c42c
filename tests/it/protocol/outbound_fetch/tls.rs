//! TLS servers (by the openssl command) whose certificate or version is wrong in one way.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use doorward::outbound::OutboundPolicy;

use super::{lane, loopback, outcome};

/// Runs openssl in `dir`; what it needs is in `arguments`, separated by spaces.
fn openssl(dir: &Path, arguments: &str) {
    let ran =
        Command::new("openssl").current_dir(dir).args(arguments.split(' ')).output().expect("openssl is installed");
    assert!(ran.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&ran.stderr));
}

/// A certificate authority and a certificate `name`.pem for `san`, good for `days`, in a directory of its own.
struct Authority(PathBuf);

impl Authority {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("doorward-tls-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("a directory");
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        openssl(&dir, &format!("req -x509 {key} -keyout ca.key -out ca.pem -days 30 -subj /CN=Test"));
        Self(dir)
    }

    fn issue(&self, san: &str, days: i32) {
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        openssl(&self.0, &format!("req {key} -keyout server.key -out server.csr -subj /CN=server"));
        std::fs::write(self.0.join("server.ext"), format!("subjectAltName={san}")).expect("written");
        let sign =
            "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile server.ext -out server.pem";
        openssl(&self.0, &format!("{sign} -days {days}"));
    }

    fn policy(&self) -> OutboundPolicy {
        OutboundPolicy { trusted_roots: vec![std::fs::read(self.0.join("ca.pem")).expect("written")], ..loopback() }
    }

    /// Serves until dropped; `extra` are arguments of `openssl s_server`.
    fn serve(&self, extra: &str) -> Server {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let accept = format!("s_server -accept 127.0.0.1:{port} -cert server.pem -key server.key -www -quiet{extra}");
        let child = Command::new("openssl")
            .current_dir(&self.0)
            .args(accept.split(' '))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl is installed");
        for _ in 0..100 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Server { child, url: format!("https://127.0.0.1:{port}/") }
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

struct Server {
    child: Child,
    url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[actix_web::test]
async fn f_12_only_a_valid_certificate_for_the_host_is_accepted() {
    let authority = Authority::new("f12");
    authority.issue("IP:127.0.0.1", 10);
    let good = authority.serve("");
    assert_eq!(outcome(&lane(authority.policy()), &good.url).await, "answered");
    assert_eq!(outcome(&lane(loopback()), &good.url).await, "outbound_tls_refused", "an unknown authority");
    drop(good);
    authority.issue("IP:127.0.0.1", -1);
    let expired = authority.serve("");
    assert_eq!(outcome(&lane(authority.policy()), &expired.url).await, "outbound_tls_refused", "expired");
    drop(expired);
    authority.issue("DNS:other.example", 10);
    let other = authority.serve("");
    assert_eq!(outcome(&lane(authority.policy()), &other.url).await, "outbound_tls_refused", "another host");
}

#[actix_web::test]
async fn f_12_old_protocol_versions_are_refused() {
    let authority = Authority::new("f12old");
    authority.issue("IP:127.0.0.1", 10);
    let modern = authority.serve(" -tls1_2");
    assert_eq!(outcome(&lane(authority.policy()), &modern.url).await, "answered");
    drop(modern);
    let old = authority.serve(" -tls1_1 -cipher DEFAULT@SECLEVEL=0");
    assert_eq!(outcome(&lane(authority.policy()), &old.url).await, "outbound_tls_refused");
}
