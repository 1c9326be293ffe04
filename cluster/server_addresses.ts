/**
 * Under which URLs a broker that listens on all addresses of this machine is reached, from here and from elsewhere.
 *
 * Pure; the addresses of the machine are handed in. Used where connection files are written and by the host beside it.
 * @module
 */

/** One address of this machine. */
export interface MachineAddress {
  readonly address: string;
  readonly family: "IPv4" | "IPv6";
}

const WILDCARDS: ReadonlySet<string> = new Set(["0.0.0.0", "[::]"]);

function isWildcard(server: string): boolean {
  return WILDCARDS.has(URL.parse(server)?.hostname ?? "");
}

function withHost(server: string, host: string): string {
  return server.replace(/(?<=\/\/).*(?=:\d+$)/, host.includes(":") ? `[${host}]` : host);
}

/** For processes of this machine. */
export function localServers(servers: readonly string[]): readonly string[] {
  return servers.map((server) => isWildcard(server) ? withHost(server, "127.0.0.1") : server);
}

/** For other machines: each address of this one that they might reach. */
export function outsideServers(servers: readonly string[], machine: readonly MachineAddress[]): readonly string[] {
  return servers.flatMap((server) => {
    if (!isWildcard(server)) return [server];
    const isOutside = ({ address, family }: MachineAddress) =>
      family === "IPv4"
        ? !/^(?:127|169\.254)\./.test(address)
        : server.includes("[") && !/^(?:::1$|fe80:)/i.test(address);
    const outside = machine.filter(isOutside).map(({ address }) => withHost(server, address));
    return outside.length > 0 ? outside : [server];
  });
}
