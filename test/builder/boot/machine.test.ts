/** Descriptions of virtual machines as qemu's words; and what starts them. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { flatcarMachine } from "../../../builder/boot/flatcar/machine.ts";
import { cpioOf } from "../../../builder/guest/qemu/cpio.ts";
import { qemuArguments, type VirtualMachine } from "../../../builder/guest/qemu/machine.ts";
import { checkQemu, runQemu } from "../../../builder/guest/qemu/process.ts";
import { run } from "../../../builder/system/run.ts";
import { describeWhere, lackForClients } from "../../support/requirements.ts";

const MACHINE: VirtualMachine = {
  arch: "x86-64",
  memory: 1024,
  cpus: 2,
  accelerator: "tcg",
  start: { kind: "kernel", kernel: "/k/vmlinuz", initramfs: "/k/initramfs", commandLine: "console=ttyS0 quiet" },
  disks: [{ file: "/c/tree, the first", format: "raw", writes: "refused" }],
  network: { forwarded: [] },
  firmwareFiles: [],
  console: "output",
  channels: [],
};

const words = (changes: Partial<VirtualMachine> = {}) => qemuArguments({ ...MACHINE, ...changes });
/** Values of an option, in order. */
const valuesOf = (option: string, args: readonly string[]) => args.filter((_, at) => args[at - 1] === option);

const lack = await checkQemu({ arch: "x86-64" }).then(lackForClients, (error: Error) => error.message);

describe("a virtual machine", () => {
  it("starts a kernel, keeps its disks as they are, and ends where it would start anew", () => {
    expect(words()).toEqual([
      ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
      ...["-machine", "q35,accel=tcg", "-cpu", "max", "-smp", "2", "-m", "1024"],
      ...["-object", "rng-random,id=random,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=random"],
      ...["-kernel", "/k/vmlinuz", "-initrd", "/k/initramfs", "-append", "console=ttyS0 quiet"],
      ...["-drive", "if=none,id=disk0,format=raw,readonly=on,file=/c/tree,, the first"],
      ...["-device", "virtio-blk-pci,drive=disk0"],
      ...["-netdev", "user,id=network", "-device", "virtio-net-pci,netdev=network,romfile="],
      ...["-serial", "stdio"],
    ]);
  });

  it("runs on this machine's processor where it may", () => {
    expect(valuesOf("-cpu", words({ accelerator: "kvm" }))).toEqual(["host"]);
    expect(valuesOf("-machine", words({ accelerator: "kvm" }))).toEqual(["q35,accel=kvm"]);
  });

  it("is reached at ports of the loopback interface, and of no other", () => {
    const forwarded = [
      { host: 8080, guest: 80 },
      { host: 2222, guest: 22 },
    ];
    expect(valuesOf("-netdev", words({ network: { forwarded } }))).toEqual([
      "user,id=network,hostfwd=tcp:127.0.0.1:8080-:80,hostfwd=tcp:127.0.0.1:2222-:22",
    ]);
  });

  it("that may reach some ports only reaches those, and nothing if there are none", () => {
    const only = (...ports: number[]) => ({ forwarded: [], only: { ports, busybox: "/c, it's/busybox" } });
    expect(valuesOf("-netdev", words({ network: only() }))).toEqual(["user,id=network,restrict=on"]);
    expect(valuesOf("-netdev", words({ network: only(81) }))).toEqual([
      "user,id=network,restrict=on,guestfwd=tcp:10.0.2.100:81-cmd:'/c,, it'\\''s/busybox' nc 127.0.0.1 81",
    ]);
  });

  it("writes to files of this machine, and has qemu's keys on a terminal", () => {
    const args = words({ console: "terminal", channels: [{ name: "stdout", file: "/w/stdout" }] });
    expect(valuesOf("-serial", args)).toEqual(["mon:stdio"]);
    expect(valuesOf("-chardev", args)).toEqual(["file,id=stdout,path=/w/stdout"]);
    expect(valuesOf("-device", args).slice(-2)).toEqual([
      "virtio-serial-pci",
      "virtserialport,chardev=stdout,name=stdout",
    ]);
  });
});

describe("Flatcar's machine", () => {
  let work: string;
  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), "machine-"));
  });
  afterAll(() => rm(work, { recursive: true }));

  async function flatcar(arch: "x86-64" | "arm64" = "x86-64"): Promise<VirtualMachine> {
    const file = (name: string) => join(work, name);
    const files = {
      version: "4700.0.0",
      code: file("code.qcow2"),
      variables: file("vars.qcow2"),
      image: file("image.img"),
    };
    const config = { ignition: { version: "3.3.0" } };
    const machine = await flatcarMachine(files, config, { arch, memory: 512, ports: [] }, work);
    return { ...machine, accelerator: "tcg" };
  }

  it("starts its firmware, discards what is written, and gets its configuration from the firmware", async () => {
    const args = qemuArguments(await flatcar());
    expect(valuesOf("-machine", args)).toEqual(["q35,accel=tcg,smm=on"]);
    expect(valuesOf("-drive", args)).toEqual([
      `if=pflash,unit=0,format=qcow2,readonly=on,file=${work}/code.qcow2`,
      `if=pflash,unit=1,format=qcow2,snapshot=on,file=${work}/vars.qcow2`,
      `if=none,id=disk0,format=qcow2,snapshot=on,file=${work}/image.img`,
    ]);
    expect(valuesOf("-fw_cfg", args)).toEqual([`name=opt/org.flatcar-linux/config,file=${work}/config.ign`]);
  });

  it("for arm64 is one of qemu's virtual boards", async () => {
    expect(valuesOf("-machine", qemuArguments(await flatcar("arm64")))).toEqual(["virt,accel=tcg,gic-version=max"]);
  });

  describeWhere(lack, "in the real qemu", () => {
    it("is taken as it is described, and a file that is missing is not", async () => {
      const { start, disks, ...machine } = await flatcar();
      const ended = AbortSignal.timeout(1_500);
      const missing = runQemu({ ...machine, start, disks, console: "output" }, { stdio: "ignore", signal: ended });
      await expect(missing).rejects.toThrow("qemu-system-x86_64 failed: exit code 1");

      for (const name of ["code.qcow2", "vars.qcow2"])
        await run("qemu-img", ["create", "-f", "qcow2", join(work, name), "1M"]);
      await run("qemu-img", ["create", "-f", "qcow2", join(work, "image.img"), "16M"]);
      // It has nothing to run, and goes on until it is ended.
      const ending = AbortSignal.timeout(1_500);
      await runQemu({ ...machine, start, disks, console: "output" }, { stdio: "ignore", signal: ending });
      expect(ending.aborted).toBe(true);
    });
  });
});

describe("a first root", () => {
  it("has names, modes and contents where the kernel looks for them", () => {
    const archive = cpioOf([
      { path: "bin", kind: "folder", mode: 0o755 },
      { path: "bin/x", kind: "file", mode: 0o755, content: Buffer.from("hello") },
    ]);
    const header = (fields: string) => `070701${fields}`;
    const [, folder, file, trailer] = archive.toString("latin1").split("070701");
    expect(`070701${folder}`).toBe(
      header(`${"00000001000041ed"}${"0".repeat(16)}0000000200000000${"0".repeat(40)}0000000400000000bin\0\0\0`),
    );
    expect(file?.slice(0, 16)).toBe("00000002000081ed");
    expect(file?.slice(48, 56)).toBe("00000005");
    expect(file?.slice(104)).toBe("bin/x\0hello\0\0\0");
    expect(trailer?.slice(104)).toBe("TRAILER!!!\0\0\0\0");
    expect(archive.length % 4).toBe(0);
  });
});
