# A Nomad to begin with: server and client on one machine, which nobody else can reach.
# https://developer.hashicorp.com/nomad/docs/configuration
data_dir  = "/var/lib/nomad"
bind_addr = "127.0.0.1"

# Loopback addresses have to be advertised expressly.
advertise {
  http = "127.0.0.1"
  rpc  = "127.0.0.1"
  serf = "127.0.0.1"
}

server {
  enabled          = true
  bootstrap_expect = 1
}

client {
  enabled = true
}

# Before others may reach it: who may submit a job runs what he likes.
# acl {
#   enabled = true
# }
