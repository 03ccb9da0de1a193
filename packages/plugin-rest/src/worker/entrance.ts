/**
 * What a request passes before its body is read, in this order: what goes on its response, limits, who asks, limits by
 * user, and whether its body is taken.
 * @module
 */
import { dress } from '../middleware/worker/dress.ts'
import { countIn } from '../middleware/worker/limits.ts'
import type { RateLimiter } from '../middleware/worker/rate-limiter.ts'
import { acceptBody } from './admission.ts'
import { FORBIDDEN } from './auth.ts'
import { answerProblem } from './problems.ts'
import type { Visit } from './visit.ts'

/** False: the request was refused, and the client told so. A promise where a limit is kept elsewhere. */
export function enter(visit: Visit): boolean | Promise<boolean> {
  const { guard, full } = visit.endpoint
  if (visit.response.visit) visit.response.visit.route = full.source
  if (!guard) return lookWho(visit) && acceptBody(visit)
  dress(guard, visit.request, visit.response)
  return count(visit, guard.limits, undefined, () => {
    const admitted = identify(visit)
    return count(
      visit,
      guard.userLimits,
      visit.auth?.user,
      () => (admitted || refuse(visit)) && acceptBody(visit),
    )
  })
}

function count(
  visit: Visit,
  limits: readonly RateLimiter[],
  user: string | undefined,
  next: () => boolean | Promise<boolean>,
): boolean | Promise<boolean> {
  if (limits.length === 0) return next()
  const counted = countIn(limits, visit.request, visit.response, user)
  if (typeof counted === 'boolean') return counted && next()
  // The client may have left meanwhile.
  return counted.then(within => within && !visit.response.destroyed && next())
}

function lookWho(visit: Visit): boolean {
  return identify(visit) || refuse(visit)
}

/** False where the route does not let in who asks. */
function identify(visit: Visit): boolean {
  const { gate, pass } = visit.endpoint
  if (!gate) return true
  visit.auth = gate(visit.request.headers.authorization)
  if (visit.response.visit) visit.response.visit.user = visit.auth.user
  return visit.auth.admitted || pass
}

function refuse({ auth, request, response }: Visit): false {
  const { status, detail, challenges } = auth!
  answerProblem(request, response, status === FORBIDDEN ? 403 : 401, {
    detail,
    headers: challenges.flatMap(challenge => ['WWW-Authenticate', challenge]),
  })
  return false
}
