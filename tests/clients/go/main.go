// The scenario with the official Go client. Arguments: URL, user, password.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
)

const limit = 5 * time.Second

type step struct {
	name string
	run  func(one, other *nats.Conn) error
}

func open(password string) (*nats.Conn, error) {
	return nats.Connect(os.Args[1], nats.UserInfo(os.Args[2], password), nats.NoReconnect())
}

func publishAndSubscribe(one, other *nats.Conn) error {
	subscription, err := other.SubscribeSync("go.plain")
	if err != nil {
		return err
	}
	other.Flush()
	for number := 0; number < 100; number++ {
		one.Publish("go.plain", []byte(strconv.Itoa(number)))
	}
	for number := 0; number < 100; number++ {
		message, err := subscription.NextMsg(limit)
		if err != nil {
			return err
		}
		if string(message.Data) != strconv.Itoa(number) {
			return fmt.Errorf("message %d is %q", number, message.Data)
		}
	}
	return nil
}

func expectSubjects(subscription *nats.Subscription, expected ...string) error {
	for _, subject := range expected {
		message, err := subscription.NextMsg(limit)
		if err != nil {
			return err
		}
		if message.Subject != subject {
			return fmt.Errorf("%q instead of %q", message.Subject, subject)
		}
	}
	if pending, _, _ := subscription.Pending(); pending != 0 {
		return fmt.Errorf("%d messages too many", pending)
	}
	return nil
}

func wildcards(one, other *nats.Conn) error {
	star, err := other.SubscribeSync("go.*.end")
	if err != nil {
		return err
	}
	rest, err := other.SubscribeSync("go.wild.>")
	if err != nil {
		return err
	}
	other.Flush()
	for _, subject := range []string{"go.wild.end", "go.wild.a.b", "go.x.end", "go.wild"} {
		one.Publish(subject, nil)
	}
	one.Flush()
	other.Flush()
	if err := expectSubjects(star, "go.wild.end", "go.x.end"); err != nil {
		return err
	}
	return expectSubjects(rest, "go.wild.end", "go.wild.a.b")
}

func queueGroup(one, other *nats.Conn) error {
	var counts [2]atomic.Int32
	done := make(chan struct{}, 100)
	for index, connection := range []*nats.Conn{one, other} {
		count := &counts[index]
		connection.QueueSubscribe("go.jobs", "workers", func(*nats.Msg) {
			count.Add(1)
			done <- struct{}{}
		})
		connection.Flush()
	}
	for number := 0; number < 100; number++ {
		one.Publish("go.jobs", nil)
	}
	deadline := time.After(limit)
	for number := 0; number < 100; number++ {
		select {
		case <-done:
		case <-deadline:
			return fmt.Errorf("%d messages of 100", number)
		}
	}
	one.Flush()
	other.Flush()
	if counts[0].Load() == 0 || counts[1].Load() == 0 || counts[0].Load()+counts[1].Load() != 100 {
		return fmt.Errorf("%d and %d", counts[0].Load(), counts[1].Load())
	}
	return nil
}

func requestAndReply(one, other *nats.Conn) error {
	other.Subscribe("go.double", func(message *nats.Msg) {
		number, _ := strconv.Atoi(string(message.Data))
		message.Respond([]byte(strconv.Itoa(2 * number)))
	})
	other.Flush()
	for number := 0; number < 20; number++ {
		answer, err := one.Request("go.double", []byte(strconv.Itoa(number)), limit)
		if err != nil {
			return err
		}
		if string(answer.Data) != strconv.Itoa(2*number) {
			return fmt.Errorf("twice %d is %q", number, answer.Data)
		}
	}
	return nil
}

func headers(one, other *nats.Conn) error {
	subscription, err := other.SubscribeSync("go.headers")
	if err != nil {
		return err
	}
	other.Flush()
	sent := nats.NewMsg("go.headers")
	sent.Data = []byte("body")
	sent.Header.Add("Name", "value")
	sent.Header.Add("Name", "second")
	one.PublishMsg(sent)
	message, err := subscription.NextMsg(limit)
	if err != nil {
		return err
	}
	if string(message.Data) != "body" || strings.Join(message.Header.Values("Name"), ",") != "value,second" {
		return fmt.Errorf("%q with %v", message.Data, message.Header)
	}
	return nil
}

func noResponders(one, _ *nats.Conn) error {
	_, err := one.Request("go.nobody", nil, limit)
	if !errors.Is(err, nats.ErrNoResponders) {
		return fmt.Errorf("%v instead of %v", err, nats.ErrNoResponders)
	}
	return nil
}

func largePayload(one, other *nats.Conn) error {
	subscription, err := other.SubscribeSync("go.large")
	if err != nil {
		return err
	}
	other.Flush()
	body := make([]byte, one.MaxPayload())
	for index := range body {
		body[index] = byte(index)
	}
	one.Publish("go.large", body)
	message, err := subscription.NextMsg(limit)
	if err != nil {
		return err
	}
	if !bytes.Equal(message.Data, body) {
		return fmt.Errorf("%d other bytes", len(message.Data))
	}
	return nil
}

func unsubscribeAfterAMaximum(one, other *nats.Conn) error {
	subscription, err := other.SubscribeSync("go.some")
	if err != nil {
		return err
	}
	subscription.AutoUnsubscribe(2)
	other.Flush()
	for number := 0; number < 5; number++ {
		one.Publish("go.some", nil)
	}
	one.Flush()
	other.Flush()
	for number := 0; number < 2; number++ {
		if _, err := subscription.NextMsg(limit); err != nil {
			return err
		}
	}
	if _, err := subscription.NextMsg(limit); !errors.Is(err, nats.ErrMaxMessages) && !errors.Is(err, nats.ErrBadSubscription) {
		return fmt.Errorf("a third message, or %v", err)
	}
	return nil
}

func wrongPassword(_, _ *nats.Conn) error {
	connection, err := open("wrong")
	if connection != nil {
		connection.Close()
	}
	if !errors.Is(err, nats.ErrAuthorization) {
		return fmt.Errorf("%v instead of %v", err, nats.ErrAuthorization)
	}
	return nil
}

var steps = []step{
	{"publish and subscribe", publishAndSubscribe},
	{"wildcards", wildcards},
	{"queue group", queueGroup},
	{"request and reply", requestAndReply},
	{"headers", headers},
	{"no responders", noResponders},
	{"large payload", largePayload},
	{"unsubscribe after a maximum", unsubscribeAfterAMaximum},
	{"wrong password", wrongPassword},
}

func main() {
	one, err := open(os.Args[3])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	other, err := open(os.Args[3])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, each := range steps {
		if err := each.run(one, other); err != nil {
			fmt.Printf("failed %s: %v\n", each.name, err)
		} else {
			fmt.Printf("ok %s\n", each.name)
		}
	}
	one.Close()
	other.Close()
}
