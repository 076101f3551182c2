/** What makes a machine a node of a cluster: the kubelet, kubeadm, kubectl, and the network plugins. */
import {
  binary,
  CNI_PLUGINS,
  checksumFile,
  cniPlugins,
  defineExtension,
  everyVersion,
  file,
  githubReleases,
  kubernetesSchedule,
  newestOf,
  newestPerMinor,
  patchLevel,
  symlink,
} from "../../builder/recipe/index.ts";

const PROGRAMS = ["kubeadm", "kubectl", "kubelet"];

export default defineExtension({
  description: "Kubernetes' node components: kubelet, kubeadm, kubectl and the CNI plugins",
  homepage: "https://kubernetes.io",
  kind: "orchestration",
  versions: kubernetesSchedule(),
  latest: newestPerMinor(),
  publish: ["latest", "v1.27.3", "v1.28.5", "v1.32.1", "v1.32.2"],
  bundled: { cni: newestOf(githubReleases(CNI_PLUGINS), { option: "cni-version" }) },
  transfers: [everyVersion(), patchLevel()],
  upholds: ["kubelet.service"],
  downloads: ({ version, goArch, bundled }) => [
    ...PROGRAMS.map((name) => {
      const url = `https://dl.k8s.io/${version}/bin/linux/${goArch}/${name}`;
      return { url, verify: checksumFile(`${url}.sha256`), install: binary(`usr/bin/${name}`) };
    }),
    // Not where runtimes look, which is /opt/cni/bin: kubelet.service copies them there, beside those of the cluster.
    cniPlugins("usr/local/bin/cni", { version: bundled.cni, goArch }),
  ],
  tree: ({ version, bundled }) => [
    file("usr/local/share/kubernetes-version", `${version}\n`),
    file("usr/local/share/kubernetes-cni-version", `${bundled.cni}\n`),
    // Where the kubelet looks for volume plugins, which clusters bring: it has to be writable.
    symlink("usr/libexec/kubernetes/kubelet-plugins/volume/exec", "/var/kubernetes/kubelet-plugins/volume/exec"),
  ],
  provides: [
    "usr/bin/kubeadm",
    "usr/bin/kubectl",
    "usr/bin/kubelet",
    "usr/local/bin/cni/bridge",
    "usr/local/bin/cni/loopback",
    "usr/lib/systemd/system/kubelet.service",
    "usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf",
  ],
  smoke: ({ version }) => [
    { run: ["kubeadm", "version", "--output", "short"], prints: version },
    { run: ["kubectl", "version", "--client"], prints: version },
    { run: ["kubelet", "--version"], prints: version },
  ],
  hostLinks: ["usr/libexec/kubernetes/kubelet-plugins/volume/exec"],
  host: {
    // Pods would not survive a kubelet of another version on a node that was not drained.
    activation: "reboot",
    // Nodes are to be rebooted one after the other, and drained: kured does that.
    mask: ["locksmithd.service"],
    staysInSeries: true,
  },
});
