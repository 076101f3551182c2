# To begin with: install -m 0640 -g consul /usr/share/consul/consul.hcl /etc/consul.d/
# https://developer.hashicorp.com/consul/docs/reference/agent/configuration-file

# Must be writable for the user consul.
data_dir = "/var/lib/consul"

# datacenter = "dc1"

# Which address others reach this machine at, if it has several.
# bind_addr = "{{ GetPrivateIP }}"

# Who answers API, DNS and UI: this machine only, unless told otherwise.
# client_addr = "127.0.0.1"
# ui_config { enabled = true }

# Servers, an odd number of them; without these lines the agent is a client.
# server           = true
# bootstrap_expect = 3

# Others to join.
# retry_join = ["10.0.0.1", "10.0.0.2"]

# What members of the cluster encrypt with: consul keygen
# encrypt = "…"
