import * as chat from './chat.mjs';

// On the connection whose transaction stores the order: both are there afterwards, or neither.
export async function placeOrder(client, seller, buyer) {
	const { rows: [{ id }] } = await client.query('insert into orders (seller_id, buyer_id) values ($1, $2) returning id', [seller, buyer]);
	await chat.post(client, seller, buyer, `Thank you for order ${id}.`, { ref: `order-${id}`, data: { order: Number(id) } });
}
