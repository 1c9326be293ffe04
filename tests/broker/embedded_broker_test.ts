/**
 * The embedded broker keeps every promise of a bus: over TCP with the official client, and in its own process.
 * @module
 */
import type { Bus } from "../../bus/bus.ts";
import { connectNats, type NatsBusOptions } from "../../bus/nats_bus.ts";
import { Broker } from "../../broker/broker.ts";
import { busConformance, type BusTestServer, RESTRICTED } from "./bus_conformance.ts";

const FREE = { user: "free", password: "a long secret" };
const HELD = { user: "held", password: "another secret", permissions: RESTRICTED };

async function overTcp(): Promise<BusTestServer> {
  const buses: Bus[] = [];
  let broker = await Broker.start({ users: [FREE, HELD] });
  const { url, port } = broker;
  const connect = async (user: string, password: string, options: Partial<NatsBusOptions> = {}) => {
    const bus = await connectNats({ servers: url, credentials: { user, pass: password }, ...options });
    buses.push(bus);
    return bus;
  };
  return {
    connect: (options) => connect(FREE.user, FREE.password, options),
    goAway: () => broker.stop(),
    async comeBack() {
      broker = await Broker.start({ port, users: [FREE, HELD] });
    },
    async comeBackLocked() {
      broker = await Broker.start({ port, users: [{ user: FREE.user, password: "changed" }] });
    },
    connectWrong: () => connect(FREE.user, "wrong"),
    connectRestricted: (options) => connect(HELD.user, HELD.password, options),
    async [Symbol.asyncDispose]() {
      await Promise.all(buses.map((bus) => bus.close()));
      await broker.stop();
    },
  };
}

async function inProcess(): Promise<BusTestServer> {
  const broker = await Broker.start({ users: [HELD] });
  return {
    connect: (options) => Promise.resolve(broker.connectLocal(options)),
    connectRestricted: (options) => Promise.resolve(broker.connectLocal({ ...options, user: HELD.user })),
    [Symbol.asyncDispose]: () => broker.stop(),
  };
}

/** One side of each conversation in the broker's process, the other beyond a socket. */
async function mixed(): Promise<BusTestServer> {
  const buses: Bus[] = [];
  const broker = await Broker.start({ users: [FREE, HELD] });
  const connect = async (user: string, password: string, options: Partial<NatsBusOptions> = {}) => {
    const bus = buses.length % 2 === 0
      ? broker.connectLocal({ ...options, user })
      : await connectNats({ servers: broker.url, credentials: { user, pass: password }, ...options });
    buses.push(bus);
    return bus;
  };
  return {
    connect: (options) => connect(FREE.user, FREE.password, options),
    connectRestricted: (options) => connect(HELD.user, HELD.password, options),
    async [Symbol.asyncDispose]() {
      await Promise.all(buses.map((bus) => bus.close()));
      await broker.stop();
    },
  };
}

const WITHOUT_OUTAGE = {
  outage: "the broker cannot go away while its own process stays",
  credentials: "code in the broker's own process shows no password",
};

busConformance("embedded broker", overTcp);
busConformance("embedded broker, in process", inProcess, { without: WITHOUT_OUTAGE });
busConformance("embedded broker, one side in process", mixed, { without: WITHOUT_OUTAGE });
