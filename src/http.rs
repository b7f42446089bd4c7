//! The only place that makes an HTTP client: with timeouts always set, and with ring as the TLS provider.

use std::time::Duration;

/// How long to wait for the other side.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For a connection.
    pub connect: Duration,
    /// For a whole call, from the first byte sent to the last byte read.
    pub call: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), call: Duration::from_secs(20) }
    }
}

/// An HTTP client with these timeouts, which follows no redirects (a signed or secret-bearing call stays where it was sent).
pub fn client(timeouts: Timeouts) -> reqwest::Client {
    // an error means that a provider is installed already, which is all that is wanted
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder()
        .connect_timeout(timeouts.connect)
        .timeout(timeouts.call)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("smartsalud/", env!("CARGO_PKG_VERSION")))
        .build()
        .expect("a client with a TLS provider and these plain settings can always be built")
}
