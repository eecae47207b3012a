//! Certificates: reading them, serving with them, knowing a daemon by its own.

use std::path::Path;
use std::sync::Arc;

use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::client::{WebPkiServerVerifier, verify_server_name};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use tokio_rustls::rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, ServerConfig, SignatureScheme,
};

use super::{ClusterError, Role, TlsFiles, tokens};

/// Both sides of a daemon's TLS.
pub(super) struct Tls {
    pub(super) server: Arc<ServerConfig>,
    pub(super) trust: Trust,
}

/// The side that calls.
pub(super) struct Trust {
    /// For gRPC; the name that is checked is that of a role.
    pub(super) config: Arc<ClientConfig>,
    verifier: Arc<WebPkiServerVerifier>,
}

impl Trust {
    /// That of a client, which has no certificate of its own.
    pub(super) fn of_client(ca: &Path) -> Result<Self, ClusterError> {
        Self::new(Arc::new(authority(ca)?), None)
            .map_err(|reason| ClusterError::Parameters(format!("{}: {reason}", ca.display())))
    }

    fn new(
        roots: Arc<RootCertStore>,
        own: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
    ) -> Result<Self, String> {
        let provider = provider();
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&provider))
                .build()
                .map_err(|e| e.to_string())?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| e.to_string())?
            .with_root_certificates(roots);
        let mut config = match own {
            None => config.with_no_client_auth(),
            Some((chain, key)) => config
                .with_client_auth_cert(chain, key)
                .map_err(|e| e.to_string())?,
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Self {
            config: Arc::new(config),
            verifier,
        })
    }

    /// For the pages of a daemon: whatever its address, its certificate names
    /// `role`.
    pub(super) fn web(&self, role: Role) -> ClientConfig {
        let mut config = self.config.as_ref().clone();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config
            .dangerous()
            .set_certificate_verifier(Arc::new(OfRole {
                verifier: Arc::clone(&self.verifier),
                role,
            }));
        config
    }
}

/// Checks a certificate as usual, but for the name of a role in place of the
/// address.
#[derive(Debug)]
struct OfRole {
    verifier: Arc<WebPkiServerVerifier>,
    role: Role,
}

impl ServerCertVerifier for OfRole {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let name =
            ServerName::try_from(self.role.name()).map_err(|e| Error::General(e.to_string()))?;
        self.verifier
            .verify_server_cert(end_entity, intermediates, &name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// Reads a daemon's certificates.
pub(super) fn load(files: &TlsFiles, role: Role) -> Result<Tls, ClusterError> {
    let provider = provider();
    let chain = certificates(&files.cert)?;
    let wrong = |what: &str, path: &Path, reason: String| {
        ClusterError::Parameters(format!("{what} {}: {reason}", path.display()))
    };
    if chain.first().and_then(role_of) != Some(role) {
        return Err(wrong(
            "the certificate",
            &files.cert,
            format!(
                "it is not that of {0}: its subjectAltName must hold DNS:{0}",
                role.name()
            ),
        ));
    }
    let key = tokens::read_private(&files.key)?;
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes())
        .map_err(|e| wrong("the key", &files.key, e.to_string()))?;
    let roots = Arc::new(authority(&files.ca)?);
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&provider))
            // A client has a token and no certificate; the gate tells them apart.
            .allow_unauthenticated()
            .build()
            .map_err(|e| wrong("the authority", &files.ca, e.to_string()))?;
    let unusable = |e: Error| wrong("the certificate", &files.cert, e.to_string());
    let mut server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain.clone(), key.clone_key())
        .map_err(unusable)?;
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let trust = Trust::new(roots, Some((chain, key)))
        .map_err(|reason| wrong("the certificate", &files.cert, reason))?;
    Ok(Tls {
        server: Arc::new(server),
        trust,
    })
}

/// The role that a certificate names. Its signature has been verified, or it is
/// one's own.
pub(super) fn role_of(certificate: &CertificateDer<'_>) -> Option<Role> {
    let parsed = ParsedCertificate::try_from(certificate).ok()?;
    [Role::Scheduler, Role::Executor].into_iter().find(|role| {
        ServerName::try_from(role.name())
            .is_ok_and(|name| verify_server_name(&parsed, &name).is_ok())
    })
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ClusterError> {
    let read = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|e| e.to_string());
    match read {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) => Err("it holds no certificate".to_owned()),
        Err(reason) => Err(reason),
    }
    .map_err(|reason| {
        ClusterError::Parameters(format!("the certificate {}: {reason}", path.display()))
    })
}

fn authority(path: &Path) -> Result<RootCertStore, ClusterError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|e| {
            ClusterError::Parameters(format!("the authority {}: {e}", path.display()))
        })?;
    }
    Ok(roots)
}
