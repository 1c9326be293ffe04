/**
 * Deno's real Jupyter kernel as a process, driven as a front end drives it.
 *
 * @module
 */
import { createHmac } from "node:crypto";
import { ZmtpSocket } from "./zmtp_socket.ts";

/** A message of the kernel. */
export interface KernelMessage {
  readonly type: string;
  /** The request that it belongs to. */
  readonly parent: string;
  // deno-lint-ignore no-explicit-any -- as its type says
  readonly content: any;
}

const DELIMITER = "<IDS|MSG>";
const KEY = "a key of this test";
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** A kernel that has answered. */
export class JupyterKernel implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #file: string;
  readonly #shell: ZmtpSocket;
  readonly #io: ZmtpSocket;

  private constructor(child: Deno.ChildProcess, file: string, shell: ZmtpSocket, io: ZmtpSocket) {
    this.#child = child;
    this.#file = file;
    this.#shell = shell;
    this.#io = io;
  }

  /** Starts one in this folder. */
  static async start(folder: string): Promise<JupyterKernel> {
    const ports = freePorts(5);
    const [shell = 0, iopub = 0, stdin = 0, control = 0, hb = 0] = ports;
    const file = await Deno.makeTempFile({ suffix: ".json" });
    const connection = {
      ip: "127.0.0.1",
      transport: "tcp",
      shell_port: shell,
      iopub_port: iopub,
      stdin_port: stdin,
      control_port: control,
      hb_port: hb,
      signature_scheme: "hmac-sha256",
      key: KEY,
      kernel_name: "deno",
    };
    await Deno.writeTextFile(file, JSON.stringify(connection));
    const child = new Deno.Command(Deno.execPath(), {
      args: ["jupyter", "--kernel", "--conn", file],
      cwd: folder,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    try {
      const io = await connected(iopub, "SUB", child);
      const kernel = new JupyterKernel(child, file, await connected(shell, "DEALER", child), io);
      // Until the subscription counts, what the kernel says is lost.
      await kernel.#request("kernel_info_request", {});
      return kernel;
    } catch (error) {
      child.kill("SIGKILL");
      await child.status;
      throw error;
    }
  }

  /**
   * Runs a cell; all that the kernel showed until it was idle again, and the result had come: at times it comes after
   * that. `gives`: there is a result.
   */
  async execute(code: string, gives = true): Promise<KernelMessage[]> {
    const content = { code, silent: false, store_history: true, user_expressions: {}, allow_stdin: false };
    const id = await this.#send("execute_request", content);
    let isIdle = false;
    let isAnswered = !gives;
    return await this.shownUntil(({ type, parent, content }) => {
      if (parent !== id) return false;
      isIdle ||= type === "status" && content.execution_state === "idle";
      isAnswered ||= type === "execute_result" || type === "error";
      return isIdle && isAnswered;
    });
  }

  /** All that it shows until this comes, with it; also between cells. */
  async shownUntil(isLast: (message: KernelMessage) => boolean): Promise<KernelMessage[]> {
    const shown: KernelMessage[] = [];
    for (;;) {
      const parts = await this.#io.receive();
      if (parts === null) throw new Error(`The kernel ended; it had shown ${JSON.stringify(shown)}`);
      const message = parsed(parts);
      shown.push(message);
      if (isLast(message)) return shown;
    }
  }

  async #request(type: string, content: unknown): Promise<void> {
    await this.#send(type, content);
    await this.#shell.receive();
  }

  async #send(type: string, content: unknown): Promise<string> {
    const id = crypto.randomUUID();
    const header = {
      msg_id: id,
      session: "test",
      username: "test",
      date: new Date().toISOString(),
      msg_type: type,
      version: "5.3",
    };
    const parts = [header, {}, {}, content].map((part) => JSON.stringify(part));
    const signature = createHmac("sha256", KEY);
    for (const part of parts) signature.update(part);
    await this.#shell.send([DELIMITER, signature.digest("hex"), ...parts].map((part) => encoder.encode(part)));
    return id;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#shell[Symbol.dispose]();
    this.#io[Symbol.dispose]();
    this.#child.kill("SIGKILL");
    await this.#child.status;
    await Deno.remove(this.#file);
  }
}

function parsed(parts: readonly Uint8Array[]): KernelMessage {
  const texts = parts.map((part) => decoder.decode(part));
  const [, header = "{}", parent = "{}", , content = "{}"] = texts.slice(texts.indexOf(DELIMITER) + 1);
  return {
    type: JSON.parse(header).msg_type,
    parent: JSON.parse(parent)?.msg_id ?? "",
    content: JSON.parse(content),
  };
}

function freePorts(count: number): number[] {
  const listeners = Array.from({ length: count }, () => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const ports = listeners.map((listener) => (listener.addr as Deno.NetAddr).port);
  for (const listener of listeners) listener.close();
  return ports;
}

/** The kernel opens its ports when it is up: there is nothing else to wait for. */
async function connected(port: number, type: "SUB" | "DEALER", child: Deno.ChildProcess): Promise<ZmtpSocket> {
  let ended: Deno.CommandStatus | null = null;
  void child.status.then((status) => ended = status);
  for (;;) {
    try {
      return await ZmtpSocket.connect(port, type);
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
      if (ended !== null) throw new Error(`The kernel ended before it was up: ${JSON.stringify(ended)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
