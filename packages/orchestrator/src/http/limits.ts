/** Every limit and time-out of the HTTP server, in one place. `docs/deployment.md` explains them to who operates it. */

const KiB = 1024;
const MiB = 1024 * KiB;

/** Connections at once, and of one address: many volunteers may stand behind one, a page opens up to six. */
export const MAX_CONNECTIONS = 8192;
export const MAX_CONNECTIONS_PER_ADDRESS = 256;

/** Request line and headers together, bytes; headers in number; the request line's target, characters. */
export const MAX_HEADER_BYTES = 16 * KiB;
export const MAX_HEADERS = 64;
export const MAX_URL = 2048;

/** From a connection's first byte to its whole headers, and to the whole request. */
export const HEADERS_TIMEOUT_MS = 10_000;
export const REQUEST_TIMEOUT_MS = 15_000;
/** How often slow requests are looked for. */
export const SLOW_CHECK_MS = 2000;
/** A kept connection between two requests; a connection on which nothing moves. */
export const KEEP_ALIVE_MS = 10_000;
export const IDLE_MS = 60_000;
/** A TLS handshake. */
export const HANDSHAKE_MS = 10_000;

/** Requests of one address within the window; further ones are told to wait. */
export const REQUESTS_PER_WINDOW = 600;
export const REQUEST_WINDOW_SECONDS = 10;

/** Streams of events at once, and of one address. */
export const MAX_STREAMS = 4096;
export const MAX_STREAMS_PER_ADDRESS = 64;
/** Bytes of events that may wait for a client; a slower one is dropped and fetches anew. */
export const MAX_STREAM_BACKLOG = MiB;
/** Between two changes on a stream: at most ten a second. */
export const CHANGE_INTERVAL_MS = 100;
/** Rest after telling all clients, in times of what that took: a thousand of them may cost a sixth of the thread. */
export const CHANGE_REST = 5;
/** A comment on silent streams, so that proxies and phones keep them. */
export const HEARTBEAT_MS = 15_000;
/** What a client is told to wait before it comes back. */
export const RETRY_MS = 2000;

/** Connections that lead on to the coordinator's peer-to-peer listener, and of one address. */
export const MAX_UPGRADES = 1024;
export const MAX_UPGRADES_PER_ADDRESS = 64;
/** How long the peer-to-peer listener may take to accept. */
export const UPGRADE_DIAL_MS = 5000;

/** How long the reading of the journal may hold the thread before requests get their turn. */
export const READ_SLICE_MS = 20;
/** Between two looks at a journal that grows: what comes meanwhile is read together. */
export const READ_INTERVAL_MS = 50;
/** How long a server that ends goes on reading, so that its clients hear of the end. */
export const LAST_READ_MS = 1000;
/** How often the journal is looked at when nobody says that it grew. */
export const POLL_MS = 1000;

/** The pages: bytes of all files together, and files. They are held in memory. */
export const MAX_PAGES_BYTES = 64 * MiB;
export const MAX_PAGES_FILES = 2000;
