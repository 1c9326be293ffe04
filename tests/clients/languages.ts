/**
 * The official clients in other languages: what each needs on the machine, how it is brought, how its program is run.
 *
 * Packages come from the languages' own registries, into a temporary folder; nothing is installed on the system.
 * @module
 */

/** A program to start. */
export interface CommandLine {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
}

/** One language and its official client. */
export interface Language {
  /** For the report: language and client with its version. */
  readonly name: string;
  /** Programs that must be on the PATH. */
  readonly needs: readonly string[];
  /** Files beside this module that the preparation finds in its folder. */
  readonly files: readonly string[];
  /** Brings the client and builds the program, in the folder. */
  prepare(folder: string): readonly CommandLine[];
  /** Runs the program there; URL, user and password follow. */
  run(folder: string): CommandLine;
}

const python: Language = {
  name: "Python (nats-py 2.10.0)",
  needs: ["python3"],
  files: ["python/scenario.py"],
  prepare: (cwd) => [
    { program: "python3", args: ["-m", "venv", "venv"], cwd },
    { program: `${cwd}/venv/bin/pip`, args: ["install", "--quiet", "nats-py==2.10.0"], cwd },
  ],
  run: (cwd) => ({ program: `${cwd}/venv/bin/python`, args: ["scenario.py"], cwd }),
};

const go: Language = {
  name: "Go (nats.go 1.37.0)",
  needs: ["go"],
  files: ["go/main.go", "go/go.mod"],
  prepare: (cwd) => [
    { program: "go", args: ["mod", "tidy"], cwd },
    { program: "go", args: ["build", "-o", "scenario", "."], cwd },
  ],
  run: (cwd) => ({ program: `${cwd}/scenario`, args: [], cwd }),
};

const java: Language = {
  name: "Java (jnats 2.20.5)",
  needs: ["java", "mvn"],
  files: ["java/Scenario.java", "java/pom.xml"],
  prepare: (cwd) => [
    { program: "mvn", args: ["-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=libs"], cwd },
  ],
  run: (cwd) => ({ program: "java", args: ["-cp", "libs/*", "Scenario.java"], cwd }),
};

const node: Language = {
  name: "JavaScript on Node (@nats-io/transport-node 3.4.0)",
  needs: ["node", "npm"],
  files: ["node/scenario.mjs"],
  prepare: (cwd) => [
    {
      program: "npm",
      args: ["install", "--silent", "--no-save", "--prefix", ".", "@nats-io/transport-node@3.4.0"],
      cwd,
    },
  ],
  run: (cwd) => ({ program: "node", args: ["scenario.mjs"], cwd }),
};

/** All that are tried. */
export const languages: readonly Language[] = [python, go, node, java];

/** The first program that is not on the PATH. */
export async function missingProgram(language: Language): Promise<string | undefined> {
  for (const program of language.needs) if (!await isOnPath(program)) return program;
  return undefined;
}

async function isOnPath(program: string): Promise<boolean> {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    try {
      if (folder !== "" && (await Deno.stat(`${folder}/${program}`)).isFile) return true;
    } catch {
      // Not in this folder.
    }
  }
  return false;
}
