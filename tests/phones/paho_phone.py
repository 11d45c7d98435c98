"""A phone's client, made with Eclipse Paho for Python: the same as paho_phone.c, told and telling in the same lines."""

import sys
import threading
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt

KEEPALIVE_S = 20
TIMEOUT_S = 60


def say(*words):
    # In one piece: the library has a thread of its own, which talks too.
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


class Phone:
    def __init__(self, uri, version, client_id, username, password, authority=None):
        self.uri = urlsplit(uri)
        self.version = int(version)
        websockets = self.uri.scheme in ("ws", "wss")
        clean = {} if self.version == mqtt.MQTTv5 else {"clean_session": True}
        # By itself this library connects again at once: two with one client id would take turns for ever.
        self.client = mqtt.Client(
            client_id, protocol=self.version, transport="websockets" if websockets else "tcp",
            reconnect_on_failure=False, **clean)
        self.client.username_pw_set(username, password)
        if authority:
            self.client.tls_set(authority)
        if websockets:
            self.client.ws_set_options(path=self.uri.path)
        self.connected = threading.Event()
        self.answered = threading.Event()
        self.code = 0
        self.client.on_connect = self.on_connect
        self.client.on_disconnect = self.on_disconnect
        self.client.on_message = self.on_message
        self.client.on_subscribe = lambda client, data, mid, codes, *properties: self.on_answer(codes[0])
        self.client.on_unsubscribe = lambda client, data, mid, *more: self.on_answer(0)
        self.client.on_publish = lambda client, data, mid: self.on_answer(0)

    def on_connect(self, client, data, flags, code, *properties):
        number = code if isinstance(code, int) else code.value
        say("connected") if number == 0 else say("refused", number)
        self.connected.set()
        if number != 0:
            client.loop_stop()

    def on_disconnect(self, client, data, code, *properties):
        say("lost", code if isinstance(code, int) else code.value)

    def on_message(self, client, data, message):
        say("message", message.topic, message.payload.decode())

    def on_answer(self, code):
        self.code = code if isinstance(code, int) else code.value
        self.answered.set()

    def connect(self):
        more = {"clean_start": True} if self.version == mqtt.MQTTv5 else {}
        self.client.connect(self.uri.hostname, self.uri.port, KEEPALIVE_S, **more)
        self.client.loop_start()
        return self.connected.wait(TIMEOUT_S)

    def obey(self, verb, topic, payload=""):
        self.answered.clear()
        if verb == "publish":
            self.client.publish(topic, payload, qos=1)
        elif verb == "subscribe":
            self.client.subscribe(topic, qos=1)
        else:
            self.client.unsubscribe(topic)
        say("done", self.code if self.answered.wait(TIMEOUT_S) else -1)


def main():
    phone = Phone(*sys.argv[1:])
    if phone.connect():
        for line in sys.stdin:
            phone.obey(*line.rstrip("\n").split(" ", 2))
    phone.client.disconnect()


main()
