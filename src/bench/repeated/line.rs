//! A plain connection to PostgreSQL, below any driver: what the relay passes on and what repeats its notes speak.

use std::path::{Path, PathBuf};

use sqlx::postgres::PgConnectOptions;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

/// Bytes to the server and back.
pub trait Line: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Line for T {}

/// A server and a database of it.
#[derive(Clone)]
pub struct Target {
    /// The folder of its socket; none: it is reached by host and port.
    sockets: Option<PathBuf>,
    host: String,
    port: u16,
    pub user: String,
    pub database: String,
}

impl Target {
    /// Where these options lead.
    pub fn of(options: &PgConnectOptions) -> Self {
        let host = options.get_host();
        let folder = Some(Path::new(host)).filter(|host| host.is_absolute()).map(Path::to_path_buf);
        Self {
            sockets: options.get_socket().cloned().or(folder),
            host: host.to_owned(),
            port: options.get_port(),
            user: options.get_username().to_owned(),
            database: options.get_database().unwrap_or_default().to_owned(),
        }
    }

    /// The file that clients look for in the socket's folder.
    pub fn socket_name(&self) -> String {
        format!(".s.PGSQL.{}", self.port)
    }

    pub async fn connect(&self) -> std::io::Result<Box<dyn Line>> {
        if let Some(folder) = &self.sockets {
            return Ok(Box::new(UnixStream::connect(folder.join(self.socket_name())).await?));
        }
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.set_nodelay(true)?; // as drivers do
        Ok(Box::new(stream))
    }
}
