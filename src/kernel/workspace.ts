/** Stands where a workspace's or a controller's id stands, for what belongs to the installation itself: its account holders. */
export const OPERATOR = 'operator';
