import type { Plan } from '../../../runtime/shard/plan.ts'
import { messageNote } from './message-note.ts'

/** The plan, with a note of what is being done before anything of the user's is called, as long as it `isCareful`. */
export function carefulPlan(plan: Plan, isCareful: () => boolean, note: (text: string) => void): Plan {
  return {
    ...plan,
    routes: plan.routes.map((route) => ({
      ...route,
      run: (state, message, context) => {
        if (isCareful()) note(messageNote(route.name, (context as { readonly key: string }).key, message))
        return route.run(state, message, context)
      },
    })),
    sources: plan.sources.map((source) => ({
      ...source,
      flow: (value, out) => {
        if (isCareful()) note(`the steps behind source ${JSON.stringify(source.name)}`)
        source.flow(value, out)
      },
    })),
  }
}
