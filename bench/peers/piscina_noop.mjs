/** The task of `piscina_bench.mjs`. @module */
export default (x) => x;
