/**
 * UDP.
 * @module
 */
export type { Datagram, UdpDestination } from './datagram.ts'
export type { GroupOptions } from './multicast.ts'
export type { UdpBindOptions, UdpSocketOptions, UdpStatistics } from './options.ts'
export { UdpPacketBuffer, type UdpPacketBufferOptions } from './packet-buffer.ts'
export { UdpEndpoint } from './udp-endpoint.ts'
export { type RecvOptions, UdpSocket } from './udp-socket.ts'
