/** Streams of NATS, from the makers of the client; loaded by the JetStream adapter of `store/` alone. @module */
export * from "npm:@nats-io/jetstream@3.4.0";
