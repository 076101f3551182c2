/** What Flatcar is told at its first boot: https://coreos.github.io/ignition/configuration-v3_3/ */
import type { Arch } from "../../../schema/index.ts";
import type { BootImage } from "../images.ts";

export interface IgnitionConfig {
  readonly ignition: { readonly version: string; readonly [key: string]: unknown };
  readonly [key: string]: unknown;
}

const VERSION = "3.3.0";
/** Which serial line is the console. */
const CONSOLES: Readonly<Record<Arch, string>> = { "x86-64": "ttyS0", arm64: "ttyAMA0" };

const AUTOLOGIN = `[Service]
ExecStart=
ExecStart=-/sbin/agetty --autologin core --noclear --keep-baud 115200,57600,38400,9600 - $TERM
`;

export interface Provisioning {
  readonly arch: Arch;
  readonly images: readonly BootImage[];
  /** Where the guest gets an image from. */
  readonly urlOf: (image: BootImage) => string;
  /** What the user wants beside; it says the last word. */
  readonly own?: IgnitionConfig | undefined;
}

/** Images where systemd-sysext finds them, named as their metadata says; no updates; a shell on the console. */
export function ignitionConfig({ arch, images, urlOf, own }: Provisioning): IgnitionConfig {
  const merge = own === undefined ? {} : { config: { merge: [{ source: dataUrl(own) }] } };
  return {
    ignition: { version: VERSION, ...merge },
    storage: {
      files: images.map((image) => ({
        path: `/etc/extensions/${image.extension}.raw`,
        mode: 0o644,
        contents: { source: urlOf(image), verification: { hash: `sha256-${image.sha256}` } },
      })),
    },
    systemd: {
      units: [
        // A machine that nothing is kept of has nothing to update, and should not restart for it.
        { name: "update-engine.service", mask: true },
        { name: "locksmithd.service", mask: true },
        {
          name: `serial-getty@${CONSOLES[arch]}.service`,
          dropins: [{ name: "10-autologin.conf", contents: AUTOLOGIN }],
        },
      ],
    },
  };
}

/** RFC 2397 */
function dataUrl(config: IgnitionConfig): string {
  return `data:;base64,${Buffer.from(JSON.stringify(config)).toString("base64")}`;
}
