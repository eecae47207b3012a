#!/bin/sh
# Makes the certificates and tokens of overlays/production and a kustomization of Secrets of them:
#
#   k8s/make-secrets.sh FOLDER [NAMESPACE]     the namespace is `clientele` when not given
#   kubectl apply -k FOLDER
#
# FOLDER holds keys: keep it out of every repository. Run again, it keeps the authority and the
# tokens that are there and makes new certificates, which is how they are renewed.
set -eu
umask 077

folder=${1:?say which folder the secrets go to}
namespace=${2:-clientele}
days=397
mkdir -p "$folder"
cd "$folder"

# An authority of our own: whoever holds its key can join the cluster as a daemon.
if [ ! -f ca.key ]; then
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ca.key
  cat > ca.cnf <<CONFIG
[req]
prompt = no
distinguished_name = name
x509_extensions = authority
[name]
CN = clientele authority
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
CONFIG
  openssl req -x509 -new -sha256 -key ca.key -days 3650 -config ca.cnf -out ca.crt
  rm ca.cnf
fi

# certificate ROLE NAMES: a key and a certificate of this role, for serving and for calling.
certificate() {
  mkdir -p "$1"
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1/tls.key"
  cat > "$1/request.cnf" <<CONFIG
[req]
prompt = no
distinguished_name = name
[name]
CN = $1
[daemon]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = $2
CONFIG
  openssl req -new -sha256 -key "$1/tls.key" -config "$1/request.cnf" -out "$1/request.pem"
  openssl x509 -req -sha256 -in "$1/request.pem" -CA ca.crt -CAkey ca.key \
    -set_serial "0x$(openssl rand -hex 16)" -days "$days" \
    -extfile "$1/request.cnf" -extensions daemon -out "$1/tls.crt"
  rm "$1/request.cnf" "$1/request.pem"
}

# Daemons know each other by the name of the role; the other names are for people and tools.
certificate scheduler "DNS:scheduler, DNS:scheduler.$namespace.svc, DNS:localhost, IP:127.0.0.1"
certificate executor "DNS:executor, DNS:*.executors.$namespace.svc, DNS:localhost, IP:127.0.0.1"

# Tokens: the daemons know only their hashes.
if [ ! -f tokens.toml ]; then
  mkdir -p tokens
  rm -f tokens.new
  for entry in 'jobs:"read", "submit"' 'prometheus:"read"' 'operator:"admin"'; do
    name=${entry%%:*}
    openssl rand -hex 32 | tr -d '\n' > "tokens/$name"
    {
      echo "[[token]]"
      echo "name = \"$name\""
      echo "sha256 = \"$(openssl dgst -sha256 -r "tokens/$name" | cut -c1-64)\""
      echo "rights = [${entry#*:}]"
      echo
    } >> tokens.new
  done
  # Whole or not at all: what is there is kept the next time.
  mv tokens.new tokens.toml
fi

cat > kustomization.yaml <<CONFIG
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: $namespace
generatorOptions:
  disableNameSuffixHash: true
secretGenerator:
  - name: scheduler-tls
    type: kubernetes.io/tls
    files: [scheduler/tls.crt, scheduler/tls.key, ca.crt]
  - name: executor-tls
    type: kubernetes.io/tls
    files: [executor/tls.crt, executor/tls.key, ca.crt]
  - name: tokens
    files: [tokens.toml]
  - name: client
    files: [token=tokens/jobs, ca.crt]
CONFIG
echo "made in $folder; apply with: kubectl apply -k $folder"
