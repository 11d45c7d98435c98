// MQTT.js for browsers: what src/link.js needs of it, and nothing else.  bundle.js makes dist/mqtt.js of it.

import connecting from 'mqtt/lib/connect/index';

export default { connect: connecting.default };
