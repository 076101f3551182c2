# What workerd serves until you give it a configuration of your own:
#   echo WORKERD_CONFIG=/etc/workerd/config.capnp > /etc/workerd/workerd.env && systemctl restart workerd
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "hello", worker = .hello),
    # What workers reach with fetch(): nothing. A worker that needs the network, over TLS too, wants
    #   network = (allow = ["public"], tlsOptions = (trustBrowserCas = true))
    # for which the host must have CA certificates; workerd does not start without them.
    (name = "internet", network = (allow = [])),
  ],
  # Only this machine can reach it.
  sockets = [(name = "http", address = "127.0.0.1:8086", http = (), service = "hello")],
);

const hello :Workerd.Worker = (
  modules = [(name = "hello.js", esModule = embed "hello.js")],
  compatibilityDate = "2025-01-01",
);
