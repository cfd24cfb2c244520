//! Encryption of the connection, in the words of `psql`.
//!
//! `disable` never encrypts, `prefer` does where the server can, `require` always does. None of these says who the server
//! is: `verify-ca` asks for a certificate that a known authority has signed, `verify-full` for one with the server's name,
//! too. The authorities are those in the file `sslrootcert`, else those that browsers know.

use super::address_error::AddressError;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::path::PathBuf;
use std::sync::Arc;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Whether a connection is encrypted, and who the server must be.
#[derive(Clone)]
pub(super) struct Encryption {
    negotiation: SslMode,
    config: Arc<ClientConfig>,
}

/// Who the server must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Identity {
    Anybody,
    KnownToAnAuthority,
    Named,
}

impl Encryption {
    /// Reads the mode of an address, and the file with the certificates of authorities.
    pub(super) fn read(mode: Option<&str>, certificates: Option<PathBuf>) -> Result<Self, AddressError> {
        let (negotiation, identity) = match mode.unwrap_or("prefer") {
            "disable" => (SslMode::Disable, Identity::Anybody),
            "allow" | "prefer" => (SslMode::Prefer, Identity::Anybody),
            // With certificates at hand it is asked for more, as `psql` does.
            "require" if certificates.is_some() => (SslMode::Require, Identity::KnownToAnAuthority),
            "require" => (SslMode::Require, Identity::Anybody),
            "verify-ca" => (SslMode::Require, Identity::KnownToAnAuthority),
            "verify-full" => (SslMode::Require, Identity::Named),
            other => return Err(AddressError::Encryption(other.to_owned())),
        };
        let provider = Arc::new(ring::default_provider());
        let roots = match (identity, certificates) {
            (Identity::Anybody, _) => RootCertStore::empty(),
            (_, Some(file)) => authorities(file)?,
            (_, None) => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
        };
        let verifier = Verifier::new(identity, roots, Arc::clone(&provider))?;
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.map_err(|error| AddressError::Encryption(error.to_string()))?;
        let config = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth();
        Ok(Self { negotiation, config: Arc::new(config) })
    }

    pub(super) fn negotiation(&self) -> SslMode {
        self.negotiation
    }

    pub(super) fn connector(&self) -> MakeRustlsConnect {
        MakeRustlsConnect::new((*self.config).clone())
    }
}

fn authorities(file: PathBuf) -> Result<RootCertStore, AddressError> {
    let mut roots = RootCertStore::empty();
    let unreadable = |reason: String| AddressError::Certificates { file: file.clone(), reason };
    let certificates = CertificateDer::pem_file_iter(&file).map_err(|error| unreadable(error.to_string()))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unreadable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unreadable(error.to_string()))?;
    }
    match roots.is_empty() {
        true => Err(unreadable("it has none".to_owned())),
        false => Ok(roots),
    }
}

/// Checks who the server is, as far as was asked for.
#[derive(Debug)]
struct Verifier {
    identity: Identity,
    /// None where nobody is asked for. Then signatures mean nothing either, and a server may have a certificate that is too old to
    /// be read, as those are that some servers make for themselves.
    inner: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    fn new(identity: Identity, roots: RootCertStore, provider: Arc<CryptoProvider>) -> Result<Self, AddressError> {
        let inner = match identity {
            Identity::Anybody => None,
            _ => {
                let builder = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
                Some(builder.build().map_err(|error| AddressError::Encryption(error.to_string()))?)
            }
        };
        Ok(Self { identity, inner, provider })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        status: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(inner) = &self.inner else { return Ok(ServerCertVerified::assertion()) };
        match inner.verify_server_cert(certificate, others, name, status, now) {
            // The chain was checked before the name.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.identity == Identity::KnownToAnAuthority => Ok(ServerCertVerified::assertion()),
            outcome => outcome,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.inner.is_none() {
            return Ok(HandshakeSignatureValid::assertion());
        }
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.inner.is_none() {
            return Ok(HandshakeSignatureValid::assertion());
        }
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
