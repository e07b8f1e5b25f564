namespace SwarmFS.Images;

/// <summary>A tree does not fit into an image of this format.</summary>
public sealed class ImageTooLargeException(string message) : Exception(message);
