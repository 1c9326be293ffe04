/**
 * The main module of an engine's process: the engine, and the client for its tasks, which is loaded when one wants it.
 *
 * The engine itself knows no client; this is where the two meet. The import is written out, so that the module is part
 * of the program and needs no permission. Started by `host/engine_process.ts`.
 * @module
 */
import { runEngine } from "../engine/main.ts";

runEngine(() => import("./task_client.ts"));
