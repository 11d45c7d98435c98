// A file of its own in what pages load, which comes when one of these is first asked for.

export { Actions } from './actions.js';
export { PeerMenu } from './peer-menu.js';
export { Uploads } from './uploads.js';
