import { registerHooks } from 'node:module';

/** Sources name each other as they are called once compiled; Node, which runs them as they are, has to be told. */
registerHooks({
  resolve: (specifier, context, next) =>
    next(
      specifier.startsWith('.') && context.parentURL?.endsWith('.ts') ? specifier.replace(/\.js$/, '.ts') : specifier,
      context,
    ),
});
