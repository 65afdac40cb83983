import { defaultFieldResolver, type GraphQLSchema } from 'graphql';
import { Extensions } from 'type-graphql';

/** What enforcement asks of a request's context. */
export interface StepUpContext {
  /** Error: STEP_UP_REQUIRED where the caller has not proved lately who they are. */
  requireStepUp(): void;
}

/**
 * States that a mutation is dangerous: a session alone is not enough for it, its holder must have signed in, or proved
 * anew who they are with `stepUp`, a short while ago (OWASP ASVS 5, 7.5.3).
 */
export const StepUp = () => Extensions({ stepUp: true });

/** Puts the statements into the schema's resolvers, in place. To be called before access is enforced, which then comes first. */
export function enforceStepUp(schema: GraphQLSchema): GraphQLSchema {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    if (field.extensions.stepUp !== true) continue;
    const { resolve = defaultFieldResolver } = field;
    field.resolve = (source, args, context: StepUpContext, info) => {
      context.requireStepUp();
      return resolve(source, args, context, info);
    };
  }
  return schema;
}
