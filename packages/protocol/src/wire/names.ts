/** The libp2p protocol names, and the version that both ends of a control stream must speak. */

/** Sent in `hello`; a coordinator refuses another major version by name. */
export const PROTOCOL_VERSION = '2.0.0';

/** Long-lived, worker to coordinator, one a member: length-prefixed control messages in both directions. */
export const CONTROL_PROTOCOL = '/murmuration/control/1.0.0';
/** Long-lived, member to member, one direction each: tensor frames pushed while a round runs, each answered by a byte. */
export const BUCKET_PROTOCOL = '/murmuration/bucket/2.0.0';
/** One request and one response a stream: state chunks, sealed buckets, retained contributions. */
export const FETCH_PROTOCOL = '/murmuration/fetch/1.0.0';
