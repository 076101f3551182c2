/** The story on stderr: bars on a terminal, lines elsewhere. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { Bar } from "../../../builder/system/bar.ts";
import { formatBytes, formatDuration, formatTable } from "../../../builder/system/format.ts";
import { progressOn } from "../../../builder/system/progress.ts";

const MIB = 1024 ** 2;

function screen(isTTY: boolean, columns = 120) {
  const written: string[] = [];
  return { isTTY, columns, written, write: (text: string) => written.push(text) };
}

describe("a bar", () => {
  it("shows how much there is, of how much, how fast, and how long it will take", () => {
    const bar = new Bar("kubelet", 100 * MIB);
    bar.advance(0, 0);
    bar.advance(25 * MIB, 1_000);
    expect(bar.line(1_000)).toBe(
      "    kubelet                     ██████░░░░░░░░░░░░░░░░░░ 25 MiB of 100 MiB, 25 MiB/s, 3 s left",
    );
  });

  it("goes by the last seconds, so that a stall shows", () => {
    const bar = new Bar("kubelet", 100 * MIB);
    bar.advance(0, 0);
    bar.advance(50 * MIB, 1_000);
    expect(bar.line(60_000)).toBe("    kubelet                     ████████████░░░░░░░░░░░░ 50 MiB of 100 MiB");
  });

  it("shows what it can where the size is not known", () => {
    const bar = new Bar("kubelet", undefined);
    bar.advance(0, 0);
    bar.advance(2 * MIB, 1_000);
    expect(bar.line(1_000)).toBe("    kubelet                     2.0 MiB, 2.0 MiB/s");
  });
});

describe("a step", () => {
  const twoTransfers = async (on: ReturnType<typeof screen>) => {
    const progress = progressOn(on);
    await progress.step(
      "Fetching 1 download",
      async () => {
        const transfer = progress.transfer("kubelet", 4 * MIB);
        transfer.advance(2 * MIB);
        await sleep(250);
        transfer.end();
      },
      () => "4.0 MiB",
    );
  };

  it("is a line when it is done, without a terminal", async () => {
    const lines = screen(false);
    await twoTransfers(lines);
    expect(lines.written).toEqual(["• Fetching 1 download           4.0 MiB\n"]);
  });

  it("has bars below it on a terminal, which are gone when it is done", async () => {
    const terminal = screen(true);
    await twoTransfers(terminal);
    expect(terminal.written[0]).toBe("• Fetching 1 download\n");
    expect(terminal.written.join("")).toContain("2.0 MiB of 4.0 MiB");
    expect(terminal.written.slice(-2)).toEqual(["\x1b[2A\x1b[J", "• Fetching 1 download           4.0 MiB\n"]);
  });

  it("never draws a line that a narrow terminal would wrap", async () => {
    const terminal = screen(true, 40);
    await twoTransfers(terminal);
    const drawn = terminal.written.filter((text) => text.includes("of 4.0 MiB") || text.startsWith("• Fetching"));
    const drawnLines = drawn.slice(0, -1).flatMap((text) => text.split("\n"));
    expect(Math.max(...drawnLines.map((line) => line.length))).toBeLessThan(40);
  });

  it("is drawn whole on a terminal that does not know its width, and once while nothing changes", async () => {
    const terminal = screen(true, 0);
    const step = () => sleep(350);
    await progressOn(terminal).step("Packing squashfs", step, () => "44 MiB");
    expect(terminal.written).toEqual([
      "• Packing squashfs\n",
      "\x1b[1A\x1b[J",
      "• Packing squashfs              44 MiB\n",
    ]);
  });

  it("that fails takes its bars back and leaves the error to speak", async () => {
    const terminal = screen(true);
    const fails = progressOn(terminal).step(
      "Checking",
      () => Promise.reject(new Error("no")),
      () => "",
    );
    await expect(fails).rejects.toThrow("no");
    expect(terminal.written.at(-1)).toBe("\x1b[1A\x1b[J");
  });
});

it.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1024, "1.0 KiB"],
  [118 * MIB, "118 MiB"],
  [1.44 * 1024 * MIB, "1.4 GiB"],
])("%d bytes are %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));

it.each([
  [8.4, "8 s"],
  [125, "2 min 05 s"],
])("%d seconds are %s", (seconds, text) => expect(formatDuration(seconds)).toBe(text));

it("a table has columns as wide as their widest cell", () => {
  expect(
    formatTable([
      ["a", "b"],
      ["ccc", ""],
      ["d", "e"],
    ]),
  ).toBe("a    b\nccc\nd    e\n");
});

describe("several things at once", () => {
  const tick = () => new Promise((resolve) => setTimeout(resolve, 150));
  async function told(isTTY: boolean): Promise<string> {
    let written = "";
    const progress = progressOn({ isTTY, columns: 80, write: (text) => (written += text) });
    await Promise.all([
      progress.about("x86-64").step("Packing", tick, () => "1 MiB"),
      progress.about("arm64").step(
        "Packing",
        async () => tick().then(tick),
        () => "2 MiB",
      ),
    ]);
    progress.about("arm64").note("warning: x");
    return written;
  }

  it("have a line each when they are done, with their name", async () => {
    const lines = [
      "• Packing, x86-64               1 MiB",
      "• Packing, arm64                2 MiB",
      "  arm64: warning: x",
      "",
    ];
    expect((await told(false)).split("\n")).toEqual(lines);
  });

  it("are shown together on a terminal while they last", async () => {
    const frames = (await told(true)).split("\x1b[J");
    expect(frames.some((frame) => /x86-64\n• Packing, arm64\n/.test(frame))).toBe(true);
    // One of them done, the other one still goes on.
    expect(frames.some((frame) => frame.includes("1 MiB\n") && !frame.includes("2 MiB"))).toBe(true);
  });
});
