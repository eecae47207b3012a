//! Certificates: reading them, serving with them, knowing a daemon by its own.

use std::path::Path;
use std::sync::Arc;

use tokio_rustls::rustls::client::verify_server_name;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};

use super::{ClusterError, Role, TlsFiles, tokens};

/// Both sides of a daemon's TLS.
pub(super) struct Tls {
    pub(super) server: Arc<ServerConfig>,
    pub(super) client: Arc<ClientConfig>,
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
    let unusable =
        |e: tokio_rustls::rustls::Error| wrong("the certificate", &files.cert, e.to_string());
    let mut server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain.clone(), key.clone_key())
        .map_err(unusable)?;
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let mut client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)
        .map_err(unusable)?;
    client.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Tls {
        server: Arc::new(server),
        client: Arc::new(client),
    })
}

/// The TLS of a client that has no certificate of its own.
pub(super) fn client(ca: &Path) -> Result<Arc<ClientConfig>, ClusterError> {
    let mut client = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|e| ClusterError::Parameters(e.to_string()))?
        .with_root_certificates(authority(ca)?)
        .with_no_client_auth();
    client.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Arc::new(client))
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
