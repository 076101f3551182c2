/** The commands by which a running machine gets an extension, and follows it. */
import { publicPath } from "../../schema/index.ts";

export function Install({ origin, extension }: { readonly origin: string; readonly extension: string }) {
  const transfer = publicPath({ release: extension, file: `${extension}.conf` });
  return (
    <>
      <p>
        As root, with systemd 254 or later. The first run installs it, later ones update it; the timer{" "}
        <code>systemd-sysupdate.timer</code> does so by itself.
      </p>
      <section class="scroll" aria-label="Commands" tabindex={0}>
        <pre id="commands">
          <code>{`mkdir -p /etc/sysupdate.${extension}.d /etc/extensions /opt/extensions/${extension}
curl -o /etc/sysupdate.${extension}.d/${extension}.conf ${origin}${transfer}
/usr/lib/systemd/systemd-sysupdate -C ${extension} update
systemd-sysext refresh`}</code>
        </pre>
      </section>
      <button type="button" class="copy needs-script" data-of="commands">
        Copy
      </button>
    </>
  );
}
