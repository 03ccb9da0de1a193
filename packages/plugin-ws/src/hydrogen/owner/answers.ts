/**
 * What a Hydrogen server answers its program.
 * @module
 */
import type { Attributes } from '../topics/filter.ts'

/** An event that its topic's history has. */
export interface HydrogenPublication<D = any> {
  id: string
  /** Its number in the topic, from 1, within the history's epoch. */
  offset: number
  /** When it was published, as ISO 8601. */
  timestamp: string
  channel: string
  action: string
  /** Undefined where there was none. */
  data: D
  attributes?: Attributes
}

/** What is kept of a topic. */
export interface HydrogenPage<D = any> {
  topic: string
  /** Offsets of another one mean nothing in this one. */
  epoch: string
  /** The offset of the newest event; 0 before the first. */
  top: number
  /** The offset of the oldest one that is kept. */
  first: number
  publications: HydrogenPublication<D>[]
}

/** Who is subscribed to a topic. */
export interface HydrogenPresence {
  connections: number
  users: { user: string; connections: number }[]
}

/** How a server is. Bytes are of its process, threads too; null where the system does not tell. */
export interface HydrogenStatusReport {
  server_running: boolean
  memory_usage: number
  /** Of one core, since it was asked last. */
  cpu_load: number
  thread_count: number | null
  /** ISO 8601. */
  server_start_time: string
  active_connections: number
  total_connections: number
  total_requests: number
  system: { sysname: string; nodename: string; release: string; version: string; machine: string }
  status: {
    running: boolean
    shutting_down: boolean
    totalThreads: number | null
    totalVirtualMemoryBytes: number | null
    totalResidentMemoryBytes: number
  }
}
