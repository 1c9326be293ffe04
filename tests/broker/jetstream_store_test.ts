/** The JetStream adapter against a real `nats-server`: the conformance suite. @module */
import { storeConformance } from "../unit/store/store_conformance.ts";
import { JetStreamPlace, missing } from "./jetstream_place.ts";

storeConformance("jetstream", () => JetStreamPlace.make(), missing);
