// The scenario with the official Java client, jnats. Arguments: URL, user, password.

import io.nats.client.AuthenticationException;
import io.nats.client.Connection;
import io.nats.client.Dispatcher;
import io.nats.client.Message;
import io.nats.client.Nats;
import io.nats.client.Options;
import io.nats.client.Subscription;
import io.nats.client.impl.Headers;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

public class Scenario {
  interface Step {
    void run(Connection one, Connection other) throws Exception;
  }

  static final Duration LIMIT = Duration.ofSeconds(5);
  static String[] arguments;

  static Connection open(String password) throws Exception {
    Options options = new Options.Builder()
        .server(arguments[0])
        .userInfo(arguments[1], password)
        .noReconnect()
        .errorListener(new io.nats.client.ErrorListener() {})
        .build();
    return Nats.connect(options);
  }

  static void check(boolean holds, String what) {
    if (!holds) throw new AssertionError(what);
  }

  static Message next(Subscription subscription) throws Exception {
    Message message = subscription.nextMessage(LIMIT);
    check(message != null, "no message came");
    return message;
  }

  static void publishAndSubscribe(Connection one, Connection other) throws Exception {
    Subscription subscription = other.subscribe("java.plain");
    other.flush(LIMIT);
    for (int number = 0; number < 100; number++) one.publish("java.plain", Integer.toString(number).getBytes());
    for (int number = 0; number < 100; number++) {
      String text = new String(next(subscription).getData());
      check(text.equals(Integer.toString(number)), number + " is " + text);
    }
  }

  static void wildcards(Connection one, Connection other) throws Exception {
    Subscription star = other.subscribe("java.*.end");
    Subscription rest = other.subscribe("java.wild.>");
    other.flush(LIMIT);
    for (String subject : List.of("java.wild.end", "java.wild.a.b", "java.x.end", "java.wild")) {
      one.publish(subject, new byte[0]);
    }
    one.flush(LIMIT);
    other.flush(LIMIT);
    for (String subject : List.of("java.wild.end", "java.x.end")) {
      check(next(star).getSubject().equals(subject), subject);
    }
    for (String subject : List.of("java.wild.end", "java.wild.a.b")) {
      check(next(rest).getSubject().equals(subject), subject);
    }
    check(star.getPendingMessageCount() == 0 && rest.getPendingMessageCount() == 0, "messages too many");
  }

  static void queueGroup(Connection one, Connection other) throws Exception {
    AtomicInteger[] counts = {new AtomicInteger(), new AtomicInteger()};
    CountDownLatch latch = new CountDownLatch(100);
    Connection[] connections = {one, other};
    for (int index = 0; index < 2; index++) {
      AtomicInteger count = counts[index];
      Dispatcher dispatcher = connections[index].createDispatcher(message -> {
        count.incrementAndGet();
        latch.countDown();
      });
      dispatcher.subscribe("java.jobs", "workers");
      connections[index].flush(LIMIT);
    }
    for (int number = 0; number < 100; number++) one.publish("java.jobs", new byte[0]);
    check(latch.await(LIMIT.toSeconds(), TimeUnit.SECONDS), "not all messages came");
    one.flush(LIMIT);
    other.flush(LIMIT);
    check(counts[0].get() > 0 && counts[1].get() > 0 && counts[0].get() + counts[1].get() == 100, Arrays.toString(counts));
  }

  static void requestAndReply(Connection one, Connection other) throws Exception {
    Dispatcher dispatcher = other.createDispatcher(message -> {
      int number = Integer.parseInt(new String(message.getData()));
      other.publish(message.getReplyTo(), Integer.toString(2 * number).getBytes());
    });
    dispatcher.subscribe("java.double");
    other.flush(LIMIT);
    for (int number = 0; number < 20; number++) {
      Message answer = one.request("java.double", Integer.toString(number).getBytes(), LIMIT);
      check(answer != null && new String(answer.getData()).equals(Integer.toString(2 * number)), "twice " + number);
    }
  }

  static void headers(Connection one, Connection other) throws Exception {
    Subscription subscription = other.subscribe("java.headers");
    other.flush(LIMIT);
    one.publish("java.headers", new Headers().add("Name", "value", "second"), "body".getBytes());
    Message message = next(subscription);
    check(new String(message.getData()).equals("body"), new String(message.getData()));
    check(message.getHeaders().get("Name").equals(List.of("value", "second")), message.getHeaders().get("Name").toString());
  }

  static void noResponders(Connection one, Connection other) throws Exception {
    try {
      one.requestWithTimeout("java.nobody", new byte[0], LIMIT).get();
    } catch (CancellationException expected) {
      return;
    } catch (ExecutionException error) {
      check(String.valueOf(error.getCause()).contains("503"), String.valueOf(error.getCause()));
      return;
    }
    throw new AssertionError("the request did not fail");
  }

  static void largePayload(Connection one, Connection other) throws Exception {
    Subscription subscription = other.subscribe("java.large");
    other.flush(LIMIT);
    byte[] body = new byte[(int) one.getMaxPayload()];
    for (int index = 0; index < body.length; index++) body[index] = (byte) index;
    one.publish("java.large", body);
    check(Arrays.equals(next(subscription).getData(), body), "other bytes");
  }

  static void unsubscribeAfterAMaximum(Connection one, Connection other) throws Exception {
    Subscription subscription = other.subscribe("java.some");
    subscription.unsubscribe(2);
    other.flush(LIMIT);
    for (int number = 0; number < 5; number++) one.publish("java.some", new byte[0]);
    one.flush(LIMIT);
    other.flush(LIMIT);
    next(subscription);
    next(subscription);
    check(subscription.getDeliveredCount() == 2, subscription.getDeliveredCount() + " messages");
  }

  static void wrongPassword(Connection one, Connection other) throws Exception {
    try {
      open("wrong").close();
    } catch (AuthenticationException expected) {
      return;
    }
    throw new AssertionError("it was let in");
  }

  public static void main(String[] given) throws Exception {
    arguments = given;
    Map<String, Step> steps = new LinkedHashMap<>();
    steps.put("publish and subscribe", Scenario::publishAndSubscribe);
    steps.put("wildcards", Scenario::wildcards);
    steps.put("queue group", Scenario::queueGroup);
    steps.put("request and reply", Scenario::requestAndReply);
    steps.put("headers", Scenario::headers);
    steps.put("no responders", Scenario::noResponders);
    steps.put("large payload", Scenario::largePayload);
    steps.put("unsubscribe after a maximum", Scenario::unsubscribeAfterAMaximum);
    steps.put("wrong password", Scenario::wrongPassword);
    Connection one = open(arguments[2]);
    Connection other = open(arguments[2]);
    steps.forEach((name, step) -> {
      try {
        step.run(one, other);
        System.out.println("ok " + name);
      } catch (Throwable error) {
        System.out.println("failed " + name + ": " + error);
      }
    });
    one.close();
    other.close();
    System.exit(0);
  }
}
