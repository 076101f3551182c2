# A Vault to begin with: on this machine only, its storage in files.
# https://developer.hashicorp.com/vault/docs/configuration
ui = true

storage "file" {
  path = "/var/lib/vault/data"
}

listener "tcp" {
  address     = "127.0.0.1:8200"
  tls_disable = true
}

# For several machines: integrated storage in place of files, and a listener with TLS.
# storage "raft" {
#   path    = "/var/lib/vault/data"
#   node_id = "node1"
# }
# listener "tcp" {
#   address       = "0.0.0.0:8200"
#   tls_cert_file = "/etc/vault.d/tls.crt"
#   tls_key_file  = "/etc/vault.d/tls.key"
# }
# disable_mlock = true
# api_addr      = "https://node1.example.org:8200"
# cluster_addr  = "https://node1.example.org:8201"

# For Vault Enterprise.
# license_path = "/etc/vault.d/vault.hclic"
