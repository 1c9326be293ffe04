/**
 * The test kit: what helps to test programs that use Troupe, and Troupe itself.
 *
 * A clock to turn by hand, an in-memory bus, a real `nats-server` for as long as a test lasts, and a simulated cluster on
 * which a graph of tasks meets every kind of failure within milliseconds. Nothing here is loaded by `mod.ts`.
 * @module
 */
export type { Bus, BusHeaders, BusMessage, BusOptions, BusStatus, BusSubscription } from "../bus/bus.ts";
export type { PublishOptions, RequestOptions, SubscribeOptions } from "../bus/bus.ts";
export { MemoryBroker, type MemoryBrokerOptions } from "../bus/memory_bus.ts";
export type { RouterBusOptions } from "../bus/router_bus.ts";
export type { Clock, TimerHandle } from "../wire/clock.ts";
export { FakeClock } from "./fake_clock.ts";
export { findNatsServer, type FoundNatsServer } from "./find_nats_server.ts";
export type { SchemeName } from "../scheduler/core/scheduler_core.ts";
export type {
  SimulatedDependency,
  SimulatedFaults,
  SimulatedTask,
  SimulationOptions,
} from "./simulation/simulation_options.ts";
export type { SimulatedTaskReport, SimulationReport } from "./simulation/simulation_report.ts";
export {
  type SeedsOptions,
  type SeedsReport,
  simulate,
  simulateSeeds,
  SimulationFailure,
} from "./simulation/simulate.ts";
export { NatsServer, type NatsServerAuth, type NatsServerOptions, type NatsServerUser } from "./nats_server.ts";
export { within } from "./within.ts";
