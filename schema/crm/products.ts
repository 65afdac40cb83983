import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Args, Ctx, Field, ID, Info, InputType, Int, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import { type ProductRow, productPage, products, productsByIds } from '../../projections/crm/products.js';
import { BIN, LIVE } from '../../projections/crm/record.js';
import { productDecider } from '../../src/crm/products/decider.js';
import { CrmError } from '../../src/errors.js';
import { Allow } from '../access.js';
import { Connection, PageArgs } from '../connection.js';
import type { Context } from '../context.js';
import { connectionOf, pageQuery } from '../page.js';
import { selectsCount } from '../selection.js';
import { CommandInput, CommandPayload, RecordInput, RecordType, withoutNulls } from './common.js';

@Allow('product:read')
@ObjectType({ simpleResolvers: true, description: 'What the workspace sells.' })
export class Product extends RecordType<ProductRow> {
  @Field(() => String, { nullable: true })
  get name(): string | undefined {
    return this.row.name;
  }

  @Field(() => String, { nullable: true })
  get series(): string | undefined {
    return this.row.series;
  }

  @Field(() => Number, { nullable: true, description: 'In minor units of the currency.' })
  get priceMinor(): number | undefined {
    return this.row.priceMinor;
  }

  @Field(() => String, { nullable: true })
  get currency(): string | undefined {
    return this.row.currency;
  }
}

export const toProduct = (row: ProductRow): Product => new Product(row);

const ProductConnection = Connection(Product);

@InputType()
abstract class ProductFields extends CommandInput {
  @Field(() => String, { nullable: true })
  series?: string | null;

  @Field(() => Number, { nullable: true })
  priceMinor?: number | null;

  @Field(() => String, { nullable: true })
  currency?: string | null;
}

@InputType()
class CreateProductInput extends ProductFields {
  @Field()
  name!: string;

  @Field(() => String, { nullable: true })
  externalId?: string | null;
}

@InputType({ description: 'What is left out stays as it is; null clears.' })
class UpdateProductInput extends ProductFields {
  @Field(() => ID)
  id!: string;

  @Field(() => Int, { nullable: true })
  expectedVersion?: number | null;

  @Field(() => String, { nullable: true })
  name?: string;
}

@ObjectType({ simpleResolvers: true })
class ProductPayload extends CommandPayload {
  @Field(() => Product)
  product!: Product;
}

const SHOWN_IN = [products.name, 'history'];

@Resolver(() => Product)
export class ProductResolver {
  @Allow('product:read')
  @Query(() => Product, { nullable: true })
  async product(@Arg('id', () => ID) id: string, @Ctx() context: Context): Promise<Product | null> {
    const row = await context.loaders.product.get(id);
    return row === null ? null : toProduct(row);
  }

  @Allow('product:read')
  @Query(() => ProductConnection, { description: 'By name.' })
  async products(
    @Args() page: PageArgs,
    @Arg('deleted', () => Boolean, { defaultValue: false, description: 'The bin instead of what is live.' })
    deleted: boolean,
    @Ctx() context: Context,
    @Info() info: GraphQLResolveInfo,
  ) {
    const facets = [deleted ? BIN : LIVE];
    const counted = selectsCount(info);
    const query = pageQuery({ scope: context.workspace, page, order: 'name', facets, counted });
    return connectionOf(await productPage(context.services.readStore, query), page.after != null, toProduct);
  }

  @Allow('product:write')
  @Mutation(() => ProductPayload)
  async createProduct(@Arg('input') input: CreateProductInput, @Ctx() context: Context): Promise<ProductPayload> {
    const { commandId, ...fields } = input;
    const command = context.command(commandId);
    const id = context.services.handler.newId(command, 'product');
    const data = { subject: id, ...withoutNulls(fields) };
    const claim = { kind: 'product', externalId: data.externalId, owner: id } as const;
    const options = { shownIn: SHOWN_IN, claim };
    const handled = await context.handle(productDecider, id, { type: 'CreateProduct', ...data }, command, options);
    return payload(id, handled, context);
  }

  @Allow('product:write')
  @Mutation(() => ProductPayload)
  async updateProduct(@Arg('input') input: UpdateProductInput, @Ctx() context: Context): Promise<ProductPayload> {
    const { id, commandId, expectedVersion, ...fields } = input;
    const options = { expectedVersion, shownIn: SHOWN_IN };
    const update = { type: 'UpdateProduct', subject: id, ...fields } as const;
    return payload(id, await context.handle(productDecider, id, update, context.command(commandId), options), context);
  }

  @Allow('product:write')
  @Mutation(() => ProductPayload, { description: 'Puts the product in the bin.' })
  deleteProduct(@Arg('input') input: RecordInput, @Ctx() context: Context): Promise<ProductPayload> {
    return move('DeleteProduct', input, context);
  }

  @Allow('product:write')
  @Mutation(() => ProductPayload, { description: 'Takes the product out of the bin.' })
  restoreProduct(@Arg('input') input: RecordInput, @Ctx() context: Context): Promise<ProductPayload> {
    return move('RestoreProduct', input, context);
  }
}

const move = async (type: 'DeleteProduct' | 'RestoreProduct', input: RecordInput, context: Context) => {
  const { id, commandId, expectedVersion } = input;
  const options = { expectedVersion, shownIn: SHOWN_IN };
  const handled = await context.handle(productDecider, id, { type, subject: id }, context.command(commandId), options);
  return payload(id, handled, context);
};

const payload = async (
  id: string,
  at: { version: number; position: string },
  context: Context,
): Promise<ProductPayload> => {
  const [row] = await productsByIds(context.services.readStore, [id]);
  if (!row) throw new CrmError('NOT_FOUND', { field: 'input.id' });
  return { product: toProduct(row), version: at.version, position: at.position };
};

/** Error: NOT_FOUND where the workspace has no such product. */
export const requireProduct = async (id: string, field: string, context: Context): Promise<void> => {
  const state = await context.services.handler.stateOf(productDecider, id, context.workspace);
  if (!state.exists) throw new CrmError('NOT_FOUND', { field });
};
