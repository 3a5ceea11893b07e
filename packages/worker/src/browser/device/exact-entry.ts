/** Entry of a thread of the exact backend. */
import '@murmuration/kernels/exact-thread';
