//! Slow ways between processes.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

/// A loopback address that nobody else listens on: the far end of a slow way to the same port of
/// 127.0.0.1.
pub(super) const OTHER_HOST: &str = "127.0.0.2";

/// How much later each piece of data arrives.
const DELAY: Duration = Duration::from_millis(15);

/// Bytes of a piece at most.
const PIECE: usize = 16 << 10;

/// Passes connections on to `target`, each piece of data a little late; gives the URL of the way.
pub(super) fn slow_way(target: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    carry(listener, target);
    format!("http://{address}")
}

/// A slow way to a port of [`OTHER_HOST`], which nobody needs to listen on yet; the way begins at
/// the same port here.
pub(super) fn slow_way_to_other_host() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    carry(listener, format!("{OTHER_HOST}:{port}"));
    port
}

fn carry(listener: TcpListener, target: String) {
    std::thread::spawn(move || {
        for from in listener.incoming().flatten() {
            let Ok(to) = TcpStream::connect(&target) else {
                continue;
            };
            pass_on(from.try_clone().unwrap(), to.try_clone().unwrap());
            pass_on(to, from);
        }
    });
}

fn pass_on(mut from: TcpStream, mut to: TcpStream) {
    std::thread::spawn(move || {
        let mut bytes = [0; PIECE];
        while let Ok(n @ 1..) = from.read(&mut bytes) {
            std::thread::sleep(DELAY);
            if to.write_all(&bytes[..n]).is_err() {
                break;
            }
        }
        // The other side has gone already.
        let _ = to.shutdown(std::net::Shutdown::Both);
    });
}
