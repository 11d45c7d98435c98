-- What the applications on Rails and Node have in the database: Django makes its tables itself.

create table orders (id bigint generated always as identity primary key, seller_id text not null, buyer_id text not null);
create table pushes (id bigint generated always as identity primary key, user_id text not null, text text not null);
alter table orders owner to shop;
alter table pushes owner to shop;
