import assert from "node:assert/strict";
import { LinkEcho } from "../../../actors/link_echo.ts";

Deno.test("an echo is back when the last one sent is, and not before", () => {
  const echo = new LinkEcho("life");
  assert.ok(echo.isBack);
  const first = echo.next().slice();
  const second = echo.next().slice();
  assert.ok(!echo.isBack);
  assert.ok(echo.take(first));
  assert.ok(!echo.isBack);
  assert.ok(echo.take(second));
  assert.ok(echo.isBack);
});

Deno.test("an echo that is lost with the connection is not waited for", () => {
  const echo = new LinkEcho("life");
  echo.next();
  echo.forget();
  assert.ok(echo.isBack);
});

Deno.test("what another life or another node sent is no echo, nor is one from the future", () => {
  const echo = new LinkEcho("life");
  const other = new LinkEcho("else");
  other.next();
  assert.ok(!echo.take(other.next()));
  assert.ok(!echo.take(new Uint8Array([0xc1])));
  assert.ok(!echo.take(new Uint8Array()));
  const ahead = new LinkEcho("life");
  ahead.next();
  const second = ahead.next().slice();
  echo.next();
  assert.ok(echo.take(second));
  assert.ok(!echo.isBack);
});
