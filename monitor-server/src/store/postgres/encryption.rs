//! TLS to PostgreSQL, asked for as of libpq: by `sslmode` and `sslrootcert` in the database's address
//! (PostgreSQL's documentation, chapter "SSL Support" of libpq).

use std::fs;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::{fmt, io};

use postgres::Socket;
use postgres::config::SslMode;
use postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{self, WebPkiSupportedAlgorithms, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, InvalidDnsNameError, ServerName, UnixTime};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use tokio_rustls::{Connect, TlsConnector, client};

/// How connections are encrypted, and whom they trust.
#[derive(Clone)]
pub(super) struct Encryption {
    config: Arc<ClientConfig>,
    /// The mode, where the address asks for one that only this module knows.
    pub mode: Option<SslMode>,
}

impl fmt::Debug for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encryption").field("mode", &self.mode).finish_non_exhaustive()
    }
}

impl Encryption {
    /// Takes what it knows out of the address; the rest is for [`postgres::Config`].
    pub(super) fn of_address(address: &str) -> Result<(Self, String), String> {
        let Some((place, query)) = address.split_once('?') else {
            return Ok((Self::new(None, None)?, address.to_owned()));
        };
        let (mut mode, mut authorities, mut others) = (None, None, Vec::new());
        for pair in query.split('&') {
            match pair.split_once('=') {
                Some(("sslmode", value)) => mode = Some(value),
                Some(("sslrootcert", file)) => {
                    authorities = Some(percent_encoding::percent_decode_str(file).decode_utf8_lossy().into_owned());
                }
                _ => others.push(pair.to_owned()),
            }
        }
        let encryption = Self::new(mode, authorities.as_deref())?;
        if encryption.mode.is_none() {
            others.extend(mode.map(|mode| format!("sslmode={mode}")));
        }
        Ok((encryption, if others.is_empty() { place.to_owned() } else { format!("{place}?{}", others.join("&")) }))
    }

    fn new(mode: Option<&str>, authorities: Option<&str>) -> Result<Self, String> {
        let (must_have_name, mode) = match mode {
            Some("verify-full") => (Some(true), Some(SslMode::Require)),
            Some("verify-ca") => (Some(false), Some(SslMode::Require)),
            // As libpq: whoever names authorities means them.
            Some("require") if authorities.is_some() => (Some(false), Some(SslMode::Require)),
            _ => (None, None),
        };
        let provider = Arc::new(ring::default_provider());
        let trusted = must_have_name.map(|must_have_name| {
            let roots = Arc::new(trusted(authorities)?);
            let verifier = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider)).build();
            verifier.map(|chain| Trusted { chain, must_have_name }).map_err(|error| error.to_string())
        });
        let verifier =
            Verifier { trusted: trusted.transpose()?, algorithms: provider.signature_verification_algorithms };
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.map_err(|error| error.to_string())?;
        let config = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth();
        Ok(Self { config: Arc::new(config), mode })
    }
}

/// The certificates in a file, or those that the system trusts.
fn trusted(file: Option<&str>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let certificates: Vec<CertificateDer<'static>> = match file {
        None | Some("system") => rustls_native_certs::load_native_certs().certs,
        Some(file) => {
            let unread = |reason: String| format!("sslrootcert {file}: {reason}");
            let text = fs::read(file).map_err(|error| unread(error.to_string()))?;
            let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
            read.map_err(|error| unread(error.to_string()))?
        }
    };
    let (added, _) = roots.add_parsable_certificates(certificates);
    if added == 0 {
        return Err(format!("{} holds no certificate of an authority", file.unwrap_or("the system")));
    }
    Ok(roots)
}

/// Whose certificates are taken.
#[derive(Debug)]
struct Verifier {
    /// Nobody's in particular, as by `prefer` and `require` of libpq: against listeners, not against impostors.
    trusted: Option<Trusted>,
    algorithms: WebPkiSupportedAlgorithms,
}

#[derive(Debug)]
struct Trusted {
    chain: Arc<WebPkiServerVerifier>,
    must_have_name: bool,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(Trusted { chain, must_have_name }) = &self.trusted else { return Ok(ServerCertVerified::assertion()) };
        match chain.verify_server_cert(end_entity, intermediates, name, ocsp, now) {
            // The name is looked at last.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !must_have_name => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        crypto::verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        crypto::verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl MakeTlsConnect<Socket> for Encryption {
    type Stream = Stream;
    type TlsConnect = Handshake;
    type Error = InvalidDnsNameError;

    fn make_tls_connect(&mut self, host: &str) -> Result<Handshake, InvalidDnsNameError> {
        // Of a Unix socket there is no name, and no TLS.
        let name = if host.is_empty() { "localhost" } else { host };
        let name = ServerName::try_from(name.to_owned())?;
        Ok(Handshake { connector: TlsConnector::from(Arc::clone(&self.config)), name })
    }
}

pub(super) struct Handshake {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl TlsConnect<Socket> for Handshake {
    type Stream = Stream;
    type Error = io::Error;
    type Future = Shaking;

    fn connect(self, socket: Socket) -> Shaking {
        Shaking(self.connector.connect(self.name, socket))
    }
}

/// A handshake under way.
pub(super) struct Shaking(Connect<Socket>);

impl Future for Shaking {
    type Output = io::Result<Stream>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        Pin::new(&mut self.0).poll(context).map_ok(Stream)
    }
}

/// An encrypted connection.
pub(super) struct Stream(client::TlsStream<Socket>);

impl TlsStream for Stream {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, into)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
