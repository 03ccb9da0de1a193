/**
 * What an eventfd's socket offers to others of its worker.
 * @module
 */

export const EVENTFD_SERVICE = 'eventfd'

export interface EventfdService {
  /** A descriptor of the same eventfd, for a child to have; whoever asks closes it, or hands it over. */
  duplicate(): number
}
