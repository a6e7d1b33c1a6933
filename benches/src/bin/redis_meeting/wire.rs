//! One connection to Redis: commands out, answers in. Plain RESP2, so that what is measured is Redis and not a client.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// The connection.
pub(crate) struct Wire {
    out: OwnedWriteHalf,
    answers: BufReader<OwnedReadHalf>,
}

impl Wire {
    pub(crate) async fn connect(redis: SocketAddr) -> io::Result<Self> {
        let socket = TcpStream::connect(redis).await?;
        socket.set_nodelay(true)?;
        let (answers, out) = socket.into_split();
        Ok(Self { out, answers: BufReader::new(answers) })
    }

    /// Sends `commands` in one write, and reads as many answers.
    pub(crate) async fn ask(&mut self, commands: &[Vec<String>]) -> io::Result<()> {
        let mut bytes = Vec::new();
        for command in commands {
            bytes.extend(format!("*{}\r\n", command.len()).bytes());
            for word in command {
                bytes.extend(format!("${}\r\n{word}\r\n", word.len()).bytes());
            }
        }
        self.out.write_all(&bytes).await?;
        for _ in commands {
            self.answer(&mut String::new()).await?;
        }
        Ok(())
    }

    /// The answer to one command, its strings line by line.
    pub(crate) async fn text(&mut self, command: &[&str]) -> io::Result<String> {
        let mut bytes = format!("*{}\r\n", command.len());
        for word in command {
            bytes += &format!("${}\r\n{word}\r\n", word.len());
        }
        self.out.write_all(bytes.as_bytes()).await?;
        let mut text = String::new();
        self.answer(&mut text).await?;
        Ok(text)
    }

    /// Reads one answer of RESP2, however it is nested.
    async fn answer(&mut self, text: &mut String) -> io::Result<()> {
        let mut left = 1;
        while left > 0 {
            left -= 1;
            let mut line = String::new();
            if self.answers.read_line(&mut line).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let (kind, rest) = line.trim_end().split_at(1);
            match (kind, rest.parse::<i64>()) {
                ("*", Ok(count)) => left += count.max(0),
                ("$", Ok(len @ 0..)) => {
                    let mut bytes = vec![0; usize::try_from(len).map_err(io::Error::other)? + 2];
                    self.answers.read_exact(&mut bytes).await?;
                    *text += &String::from_utf8_lossy(&bytes);
                }
                ("-", _) => return Err(io::Error::other(rest.to_owned())),
                _ => {}
            }
        }
        Ok(())
    }

    /// What Redis says it has used.
    pub(crate) async fn cpu_seconds(&mut self) -> io::Result<f64> {
        let page = self.text(&["INFO", "cpu"]).await?;
        Ok(["used_cpu_sys:", "used_cpu_user:"].map(|name| number_after(&page, name)).iter().sum())
    }

    /// How often a command was called.
    pub(crate) async fn calls(&mut self, command: &str) -> io::Result<f64> {
        let page = self.text(&["INFO", "commandstats"]).await?;
        Ok(number_after(&page, &format!("cmdstat_{command}:calls=")))
    }
}

fn number_after(page: &str, name: &str) -> f64 {
    let rest = page.split_once(name).map_or("", |(_, rest)| rest);
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    rest[..end].parse().unwrap_or(0.0)
}
